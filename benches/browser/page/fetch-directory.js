/** All files of a served artifact directory, by name, as `Engine.load` takes them. */
export async function fetchDirectory(url) {
  const bytes = async (name) => {
    const response = await fetch(`${url}/${name}`);
    if (!response.ok) throw new Error(`${url}/${name}: expected to be served, found HTTP ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  };
  const manifest = await bytes('manifest.json');
  const { files } = JSON.parse(new TextDecoder().decode(manifest));
  const rest = await Promise.all(files.map(async ({ name }) => [name, await bytes(name)]));
  return new Map([['manifest.json', manifest], ...rest]);
}
