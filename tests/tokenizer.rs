//! The tokenizer gives the ids that the `tokenizers` crate gives, for every text; and a file that it cannot honor is refused.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use inglenook::tokenizer::Tokenizer;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use tokenizers::TruncationParams;

#[derive(Deserialize)]
struct Reference {
    text: String,
    ids: Vec<u32>,
}

/// The committed texts, and those of a longer list if one lies beside the checkout.
static REFERENCES: LazyLock<Vec<Reference>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let paths = [root.join("tests/fixtures/parity/parity.json"), root.join("../shared/data/parity.json")];
    let lists = paths.iter().enumerate().filter(|(i, path)| *i == 0 || path.is_file()).map(|(_, path)| {
        let list: Vec<Reference> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert!(list.len() >= 50, "{} texts in {}", list.len(), path.display());
        list
    });
    lists.flatten().collect()
});

static BERT_FILE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let cache = std::env::var_os("INGLENOOK_CACHE").map(PathBuf::from);
    let cache =
        cache.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache/inglenook"));
    let path = cache.join("models/all-MiniLM-L6-v2/tokenizer.json");
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}. It is fetched by scripts/setup/model.sh", path.display()))
});

/// Ours and the crate's tokenizer of the same file, cut at the same length.
struct Pair {
    ours: Tokenizer,
    oracle: tokenizers::Tokenizer,
}

impl Pair {
    fn load(file: &[u8], max_tokens: usize) -> Self {
        let mut oracle = tokenizers::Tokenizer::from_bytes(file).unwrap();
        oracle.with_padding(None);
        oracle.with_truncation(Some(TruncationParams { max_length: max_tokens, ..Default::default() })).unwrap();
        Self { ours: Tokenizer::load(file, max_tokens).unwrap(), oracle }
    }

    fn ids(&self, text: &str) -> (Vec<u32>, Vec<u32>) {
        let oracle = self.oracle.encode_fast(text, true).unwrap();
        (self.ours.encode(text).unwrap().ids, oracle.get_ids().to_vec())
    }

    fn assert_equal(&self, text: &str) {
        let (ours, oracle) = self.ids(text);
        assert_eq!(ours, oracle, "{text:?}");
    }
}

/// The BERT vocabulary at several cuts, the smallest with room for one id of text.
static BERT: LazyLock<Vec<Pair>> =
    LazyLock::new(|| [3, 4, 7, 16, 128, 256, 512, 100_000].map(|max| Pair::load(&BERT_FILE, max)).into());

#[test]
fn the_reference_ids_come_out() {
    let tokenizer = Tokenizer::load(&BERT_FILE, 256).unwrap();
    for reference in REFERENCES.iter() {
        assert_eq!(tokenizer.encode(&reference.text).unwrap().ids, reference.ids, "{:?}", reference.text);
    }
    assert_eq!(tokenizer.vocabulary_size(), 30_522);
}

#[test]
fn texts_are_cut_as_by_the_crate() {
    for pair in BERT.iter() {
        REFERENCES.iter().for_each(|reference| pair.assert_equal(&reference.text));
    }
}

/// A file whose vocabulary spells each character of the text, so that nothing of the normalized text is lost in `[UNK]`.
fn spelling_file(normalizer: &Value) -> Vec<u8> {
    let alphabet = (0..0x2_0000).chain(0xE_0000..0xE_0200).filter_map(char::from_u32);
    let mut vocabulary = serde_json::Map::new();
    for token in ["[UNK]".to_owned(), "[CLS]".to_owned()]
        .into_iter()
        .chain(alphabet.flat_map(|c| [c.to_string(), format!("##{c}")]))
    {
        let id = vocabulary.len();
        vocabulary.entry(token).or_insert(id.into());
    }
    file(normalizer, &Value::Object(vocabulary), &json!([])).to_string().into_bytes()
}

fn normalizer_of(clean_text: bool, ideographs: bool, strip_accents: Option<bool>, lowercase: bool) -> Value {
    json!({
        "type": "BertNormalizer", "clean_text": clean_text, "handle_chinese_chars": ideographs, "strip_accents": strip_accents,
        "lowercase": lowercase
    })
}

/// A tokenizer.json with the two special tokens `[CLS]` (1) before every text and `[UNK]` (0) behind it.
fn file(normalizer: &Value, vocabulary: &Value, added_tokens: &Value) -> Value {
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added_tokens, "normalizer": normalizer,
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[UNK]", "type_id": 0}}
            ],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {
                "[CLS]": {"id": "[CLS]", "ids": [1], "tokens": ["[CLS]"]}, "[UNK]": {"id": "[UNK]", "ids": [0], "tokens": ["[UNK]"]}
            }
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
            "vocab": vocabulary
        }
    })
}

#[test]
fn every_code_point_is_normalized_and_split_as_by_the_crate() {
    let code_points: Vec<char> = (0..=u32::from(char::MAX)).filter_map(char::from_u32).collect();
    let normalizers = [
        Value::Null,
        normalizer_of(true, true, None, true),
        normalizer_of(true, false, Some(true), false),
        normalizer_of(false, true, Some(false), true),
    ];
    for normalizer in normalizers {
        let pair = Pair::load(&spelling_file(&normalizer), 10_000);
        for some in code_points.chunks(24) {
            pair.assert_equal(&some.iter().flat_map(|c| ['x', *c]).collect::<String>());
        }
        // Marks of the classes 9, 0, 216, 224 and 226 that are spacing, so that stripping accents leaves their order to see.
        for marks in
            ["\u{302E}\u{1B44}", "\u{1D16D}\u{1D165}\u{302E}\u{1B44}", "\u{302E}\u{1}\u{1B44}\u{903}\u{1D16D}\u{1D165}"]
        {
            pair.assert_equal(marks);
            pair.assert_equal(&format!("x{marks}é{marks}漢{marks} {marks}"));
        }
    }
}

/// Pieces of text in which tokenizers differ.
fn fragment() -> impl Strategy<Value = String> {
    let one_of = |list: &'static [&'static str]| prop::sample::select(list).prop_map(str::to_owned);
    prop_oneof![
        4 => "[A-Za-z]{1,12}",
        2 => "[a-zÀ-ÿĀ-ſΑ-ωА-я]{1,9}",
        2 => "[\u{300}-\u{36F}\u{591}-\u{5C7}\u{E31}-\u{E3A}\u{F71}-\u{F84}\u{1AB0}-\u{1ACE}\u{20D0}-\u{20F0}\u{302A}-\u{302F}\u{3099}\u{1D165}-\u{1D172}]{1,4}",
        1 => "[一-龥㐀-䶵豈-鶴\u{20000}-\u{2FA1F}ぁ-ヿ]{1,5}",
        1 => "[가-힣\u{1100}-\u{11FF}\u{A960}-\u{A97C}\u{D7B0}-\u{D7FB}]{1,5}",
        1 => "([😀-🙏👨👩🏻-🏿❤🇦-🇿]\u{FE0F}?\u{200D}?){1,4}",
        1 => "[\u{0}-\u{1F}\u{7F}-\u{9F}\u{AD}\u{200B}-\u{200F}\u{2028}-\u{202E}\u{2060}-\u{206F}\u{E000}-\u{E0FF}\u{FEFF}\u{FFF9}-\u{FFFF}]{1,4}",
        3 => "[ \t\n\r\u{B}\u{C}\u{85}\u{A0}\u{1680}\u{2000}-\u{200A}\u{202F}\u{205F}\u{3000}]{1,3}",
        2 => "[!-/:-@\\[-`{-~¡-¿‐-⁞、-】]{1,3}",
        3 => one_of(&["[SEP]", "[CLS]", "[MASK]", "[PAD]", "[UNK]", "[sep]", "[SEP", "##", "##s", "[[SEP]]", "[unused1]"]),
        1 => ("[a-zé漢]{1,3}", 20_usize..60).prop_map(|(part, times)| part.repeat(times)),
        2 => any::<char>().prop_map(String::from),
        1 => any::<String>(),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(fragment(), 0..16).prop_map(|fragments| fragments.concat())
}

/// A small random vocabulary, random normalization and random added tokens.
fn small_file() -> impl Strategy<Value = Vec<u8>> {
    let added_token = (
        prop::sample::select(&["[SEP]", "[UNK]", "ab", "AB", "aba", "A b", "É", "e", "! ", " a", "漢"][..]),
        any::<[bool; 4]>(),
    );
    let normalizer = prop::option::of((any::<[bool; 3]>(), any::<Option<bool>>()));
    (
        prop::collection::btree_set("(##)?[abcéÉ\u{301}漢가!]{1,4}", 0..60),
        normalizer,
        prop::collection::btree_map(added_token.0, added_token.1, 0..5),
        prop::sample::select(&["##", "", "#", "a"][..]),
        1_usize..12,
    )
        .prop_map(|(tokens, options, added, prefix, max_chars)| {
            let tokens = ["[UNK]", "[CLS]"].into_iter().chain(tokens.iter().map(String::as_str));
            let ids: serde_json::Map<_, _> = tokens.enumerate().map(|(id, t)| (t.to_owned(), id.into())).collect();
            let mut next = ids.len();
            let added: Vec<Value> = added
                .into_iter()
                .map(|(content, [lstrip, rstrip, normalized, special])| {
                    let id = ids.get(content).cloned().unwrap_or_else(|| {
                        next += 1;
                        (next - 1).into()
                    });
                    json!({
                        "id": id, "content": content, "single_word": false, "lstrip": lstrip, "rstrip": rstrip,
                        "normalized": normalized, "special": special
                    })
                })
                .collect();
            let options = options.map_or(Value::Null, |([clean, ideographs, lowercase], accents)| {
                normalizer_of(clean, ideographs, accents, lowercase)
            });
            let mut file = file(&options, &Value::Object(ids), &added.into());
            file["model"]["continuing_subword_prefix"] = prefix.into();
            file["model"]["max_input_chars_per_word"] = max_chars.into();
            file.to_string().into_bytes()
        })
}

/// Texts of the letters and the added tokens of small files.
fn small_text() -> impl Strategy<Value = String> {
    let parts = &["[SEP]", "[UNK]", "ab", "AB", "aba", "A b", "É", "e", "!", " ", "\n", "a", "漢", "\u{1}"][..];
    prop_oneof![
        2 => "[abcABÉé\u{301}\u{323}漢가! \n\u{1}\u{B}]{0,30}",
        2 => prop::collection::vec(prop::sample::select(parts), 0..40).prop_map(|parts| parts.concat()),
        1 => text(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn any_text_has_the_ids_of_the_crate(text in text(), cut in any::<prop::sample::Index>()) {
        let (ours, oracle) = cut.get(&BERT).ids(&text);
        prop_assert_eq!(ours, oracle);
    }

    #[test]
    fn any_vocabulary_gives_the_ids_of_the_crate(
        file in small_file(),
        texts in prop::collection::vec(small_text(), 1..4),
        max_tokens in 3_usize..40,
    ) {
        let pair = Pair::load(&file, max_tokens);
        prop_assert_eq!(pair.ours.vocabulary_size(), pair.oracle.get_vocab_size(true));
        for text in texts {
            let (ours, oracle) = pair.ids(&text);
            prop_assert_eq!(ours, oracle, "{:?} by {}", text, String::from_utf8_lossy(&file));
        }
    }
}

/// A small file in which every part is there.
fn sound_file() -> Value {
    let added = json!({"id": 2, "content": "[SEP]", "single_word": false, "lstrip": false, "rstrip": true, "normalized": false, "special": true});
    file(
        &normalizer_of(true, true, None, true),
        &json!({"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "film": 3, "##s": 4}),
        &json!([added]),
    )
}

/// The code and the message with which a file is refused.
fn refused(file: &[u8]) -> (&'static str, String) {
    let error = Tokenizer::load(file, 16).err().expect("the file must be refused");
    (error.code(), error.to_string())
}

#[test]
fn the_sound_file_loads() {
    let tokenizer = Tokenizer::load(sound_file().to_string().as_bytes(), 16).unwrap();
    assert_eq!(tokenizer.encode("Films[SEP]  film film!").unwrap().ids, [1, 3, 4, 2, 3, 3, 0, 0]);
    let mut bert_processing = sound_file();
    bert_processing["post_processor"] = json!({"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]});
    let tokenizer = Tokenizer::load(bert_processing.to_string().as_bytes(), 16).unwrap();
    assert_eq!(tokenizer.encode("Films").unwrap().ids, [1, 3, 4, 2]);
    assert_eq!(tokenizer.encode("").unwrap().ids, [1, 2]);
}

#[test]
fn a_tokenizer_of_another_kind_is_incompatible() {
    let added = |id: u32, content: &str| json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": true, "special": true});
    let single = |pieces: Value| ("/post_processor/single", pieces);
    let cases = [
        ("/version", json!("2.0"), "found 2.0, expected 1.0"),
        ("/normalizer", json!({"type": "Lowercase"}), "normalizer of tokenizer.json is incompatible: found Lowercase"),
        ("/normalizer", json!({"type": "Sequence", "normalizers": []}), "found Sequence, expected BertNormalizer"),
        ("/pre_tokenizer", Value::Null, "found none, expected BertPreTokenizer"),
        ("/pre_tokenizer", json!({"type": "Whitespace"}), "found Whitespace"),
        ("/post_processor", Value::Null, "found none, expected TemplateProcessing or BertProcessing"),
        (
            "/post_processor",
            json!({"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1]}),
            "found RobertaProcessing",
        ),
        ("/model/type", Value::Null, "found none, expected WordPiece"),
        ("/model", json!({"type": "BPE", "unk_token": null, "vocab": {"a": 0}, "merges": []}), "found BPE"),
        ("/model", json!({"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["a", -1.5]]}), "found Unigram"),
        ("/added_tokens/0/single_word", json!(true), "found \"[SEP]\" with single_word"),
        ("/added_tokens/0", added(5, "\u{1}"), "found id 5 with no text to match"),
        ("/added_tokens/0", added(5, ""), "found id 5 with no text to match"),
    ];
    let templates = [
        single(json!([])),
        single(json!([{"SpecialToken": {"id": "[CLS]", "type_id": 0}}])),
        single(json!([{"Sequence": {"id": "A", "type_id": 0}}])),
        single(json!([{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}])),
        single(
            json!([{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]),
        ),
    ];
    let templates = templates.into_iter().map(|(at, value)| (at, value, "expected "));
    for (at, value, message) in cases.into_iter().chain(templates) {
        let mut file = sound_file();
        *file.pointer_mut(at).unwrap() = value.clone();
        let (code, found) = refused(file.to_string().as_bytes());
        assert_eq!(code, "artifact_incompatible", "{at} = {value}: {found}");
        assert!(found.contains(message), "{at} = {value}: {found}");
    }
}

#[test]
fn damage_is_corrupt() {
    let cases = [
        ("/normalizer/lowercase", Value::Null, "normalizer.lowercase is missing"),
        ("/normalizer/clean_text", json!("yes"), "invalid type"),
        ("/post_processor/single/0/SpecialToken/id", json!("[BOS]"), "special_tokens lacks \"[BOS]\""),
        ("/post_processor/special_tokens/[CLS]/ids", json!([5]), "has the id 5, expected one below 5"),
        ("/post_processor/special_tokens", Value::Null, "special_tokens is missing"),
        ("/model/vocab", Value::Null, "model.vocab is missing"),
        ("/model/vocab", json!(["[UNK]"]), "\"[UNK]\" is not in the vocabulary"),
        ("/model/vocab", json!({}), "\"[UNK]\" is not in the vocabulary"),
        ("/model/vocab/film", json!(4), "has the id 4, expected each of 0 to 4 once"),
        ("/model/vocab/film", json!(5), "token \"film\" has the id 5"),
        ("/model/vocab/film", json!(u32::MAX), "token \"film\" has the id 4294967295"),
        ("/model/vocab/film", json!(-1), "invalid value"),
        ("/model/vocab/film", json!(1_u64 << 32), "invalid value"),
        ("/model/vocab/film", json!("3"), "invalid type"),
        ("/model/unk_token", json!("<unk>"), "\"<unk>\" is not in the vocabulary"),
        ("/model/unk_token", Value::Null, "model.unk_token is missing"),
        ("/model/continuing_subword_prefix", Value::Null, "model.continuing_subword_prefix is missing"),
        ("/model/max_input_chars_per_word", Value::Null, "model.max_input_chars_per_word is missing"),
        ("/model", Value::Null, "invalid type"),
        ("/added_tokens/0/id", json!(3), "\"[SEP]\" has the id 3, expected 2"),
        ("/added_tokens/0/content", json!("[MASK]"), "\"[MASK]\" has the id 2, expected 5"),
        ("/added_tokens/0", json!({"id": 2, "content": "[SEP]"}), "missing field"),
    ];
    for (at, value, message) in cases {
        let mut file = sound_file();
        *file.pointer_mut(at).unwrap() = value.clone();
        let (code, found) = refused(file.to_string().as_bytes());
        assert_eq!(code, "artifact_corrupt", "{at} = {value}: {found}");
        assert!(found.contains(message), "{at} = {value}: {found}");
    }

    let mut twice = sound_file();
    twice["added_tokens"] = json!([twice["added_tokens"][0], twice["added_tokens"][0]]);
    assert!(refused(twice.to_string().as_bytes()).1.contains("\"[SEP]\" is there twice"));
    let sound = sound_file().to_string();
    let twice = sound.replace("\"##s\":4", "\"film\":4");
    assert_ne!(sound, twice);
    assert!(refused(twice.as_bytes()).1.contains("\"film\" is in the vocabulary twice"));
    for end in 0..sound.len() {
        assert_eq!(refused(&sound.as_bytes()[..end]).0, "artifact_corrupt");
    }
}

#[test]
fn a_cut_without_room_for_text_is_invalid() {
    for max_tokens in 0..3 {
        let error = Tokenizer::load(&BERT_FILE, max_tokens).err().expect("no room for text");
        assert_eq!(error.code(), "invalid_input");
        assert!(
            error.to_string().contains(&format!("max_tokens: found {max_tokens}, expected more than 2")),
            "{error}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn any_damage_is_a_typed_error_or_still_a_tokenizer(
        damage in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![any::<u8>(), prop::sample::select(&b"0123456789\"\\{}[]:,#"[..])]), 1..5),
        text in text(),
    ) {
        let mut file = sound_file().to_string().into_bytes();
        for (at, value) in damage {
            let at = at.index(file.len());
            file[at] = value;
        }
        match Tokenizer::load(&file, 16) {
            Err(error) => prop_assert!(["artifact_corrupt", "artifact_incompatible"].contains(&error.code()), "{error}"),
            Ok(tokenizer) => {
                let ids = tokenizer.encode(&text).unwrap().ids;
                prop_assert!((1..=16).contains(&ids.len()));
                prop_assert!(ids.iter().all(|&id| (id as usize) < tokenizer.vocabulary_size()), "{ids:?}");
            }
        }
    }

    #[test]
    fn any_bytes_are_a_typed_error(bytes in any::<Vec<u8>>()) {
        prop_assert_eq!(refused(&bytes).0, "artifact_corrupt");
    }
}
