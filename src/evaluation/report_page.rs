//! The report page: tables and plots in one HTML file that needs no network.

use std::fmt::Write;

use super::measurement::ConditionResult;
use super::report::Evaluation;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{padding:.2rem .6rem;text-align:right;border-bottom:1px solid #ddd;white-space:nowrap}\
th:first-child,td:first-child,td:last-child,th:last-child{text-align:left}tr.product{font-weight:600}svg{max-width:100%;height:auto}\
svg text{font:12px system-ui,sans-serif;fill:currentColor}.bar{fill:#9db4c8}.product .bar,.product circle{fill:#b4502b}circle{fill:#56799a}\
.whisker{stroke:#333;stroke-width:1.5}.axis{stroke:#888}.wide{overflow-x:auto}\
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}th,td{border-color:#444}.bar{fill:#4f6a80}.whisker{stroke:#eee}}";

/// A self-contained page: for every condition a bar chart of NDCG with its intervals, a plot of NDCG against coverage, and the table of all
/// measures.
#[must_use]
pub fn report_page(evaluation: &Evaluation) -> String {
    let k = evaluation.options.k;
    let title = escape(&format!("{}: {} cases", evaluation.protocol, evaluation.cases));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n<p>Every system ranks all {} candidates for every case; no \
         sampled negatives. Lines and brackets are 95 % intervals, from 1,000 bootstrap samples of the cases (seed {}).</p>\n",
        evaluation.candidates, evaluation.options.seed
    );
    if let Some(cleaning) = &evaluation.cleaning {
        page.push_str(&definitions(&serde_json::json!(cleaning)));
    }
    if let Some(queries) = &evaluation.queries {
        page.push_str(&definitions(&serde_json::json!(queries)));
    }
    for (condition, name) in evaluation.conditions.iter().enumerate() {
        let rows: Vec<(&str, &ConditionResult)> =
            evaluation.systems.iter().map(|system| (system.name, &system.conditions[condition])).collect();
        if !name.is_empty() {
            let _ = writeln!(page, "<h2>{}</h2>", escape(name));
        }
        page.push_str(&bars(&rows, &format!("ndcg@{k}")));
        page.push_str(&scatter(&rows, &format!("coverage@{k}"), &format!("ndcg@{k}")));
        page.push_str(&table(&rows, k));
    }
    page.push_str("</body></html>\n");
    page
}

/// The counts of a report as a list.
fn definitions(report: &serde_json::Value) -> String {
    let counts = report.as_object().into_iter().flatten().filter(|(_, value)| !value.is_array());
    let counts: Vec<String> =
        counts.map(|(name, value)| escape(&format!("{} {value}", name.replace('_', " ")))).collect();
    format!("<p>Data: {}.</p>\n", counts.join("; "))
}

fn class(place: usize) -> &'static str {
    if place == 0 { " class=\"product\"" } else { "" }
}

/// Horizontal bars with whiskers.
fn bars(rows: &[(&str, &ConditionResult)], measure: &str) -> String {
    const LEFT: f64 = 150.0;
    const WIDTH: f64 = 560.0;
    const ROW: f64 = 22.0;
    let high = |result: &ConditionResult| {
        let value = result.measures.get(measure).unwrap_or(0.0);
        result.measures.interval(measure).map_or(value, |interval| interval.high.max(value))
    };
    let scale = WIDTH / rows.iter().map(|(_, result)| high(result)).fold(1e-9, f64::max);
    let height = ROW * rows.len() as f64 + 10.0;
    let mut svg = format!(
        "<figure><svg viewBox=\"0 0 {} {height}\" width=\"{}\" role=\"img\" aria-label=\"{measure} by system\">",
        LEFT + WIDTH + 70.0,
        LEFT + WIDTH + 70.0
    );
    for (place, (name, result)) in rows.iter().enumerate() {
        let (y, value) = (ROW * place as f64 + 4.0, result.measures.get(measure).unwrap_or(0.0));
        let _ = write!(
            svg,
            "<g{}><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text><rect class=\"bar\" x=\"{LEFT}\" y=\"{y}\" width=\"{:.1}\" height=\"{}\"/>",
            class(place),
            LEFT - 8.0,
            y + 13.0,
            escape(name),
            value * scale,
            ROW - 6.0
        );
        if let Some(interval) = result.measures.interval(measure) {
            let middle = y + (ROW - 6.0) / 2.0;
            let (from, to) = (LEFT + interval.low * scale, LEFT + interval.high * scale);
            let _ = write!(
                svg,
                "<path class=\"whisker\" fill=\"none\" d=\"M{from:.1} {middle}H{to:.1}M{from:.1} {0}v8M{to:.1} {0}v8\"/>",
                middle - 4.0
            );
        }
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\">{value:.4}</text></g>",
            LEFT + high(result) * scale + 6.0,
            y + 13.0
        );
    }
    let _ = writeln!(svg, "</svg><figcaption>{measure}, with its 95 % interval</figcaption></figure>");
    svg
}

/// One point a system.
fn scatter(rows: &[(&str, &ConditionResult)], across: &str, up: &str) -> String {
    const SIZE: (f64, f64) = (720.0, 340.0);
    const EDGE: f64 = 40.0;
    let value = |result: &ConditionResult, name: &str| result.measures.get(name).unwrap_or(0.0);
    let most = |name: &str| rows.iter().map(|(_, result)| value(result, name)).fold(1e-9, f64::max);
    let (most_across, most_up) = (most(across), most(up));
    let (right, bottom) = (SIZE.0 - 120.0, SIZE.1 - EDGE);
    let mut svg = format!(
        "<figure><svg viewBox=\"0 0 {} {}\" width=\"{}\" role=\"img\" aria-label=\"{up} against {across}\">\
         <path class=\"axis\" fill=\"none\" d=\"M{EDGE} 10V{bottom}H{right}\"/>\
         <text x=\"{EDGE}\" y=\"{}\">0</text><text x=\"{right}\" y=\"{}\" text-anchor=\"end\">{across} {most_across:.3}</text>\
         <text x=\"{}\" y=\"20\">{up} {most_up:.4}</text>",
        SIZE.0,
        SIZE.1,
        SIZE.0,
        bottom + 18.0,
        bottom + 18.0,
        EDGE + 6.0
    );
    for (place, (name, result)) in rows.iter().enumerate() {
        let x = EDGE + (right - EDGE) * value(result, across) / most_across;
        let y = bottom - (bottom - 30.0) * value(result, up) / most_up;
        let _ = write!(
            svg,
            "<g{}><circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/><text x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
            class(place),
            x + 7.0,
            y + 4.0,
            escape(name)
        );
    }
    let _ = writeln!(svg, "</svg><figcaption>{up} against {across}</figcaption></figure>");
    svg
}

fn table(rows: &[(&str, &ConditionResult)], k: usize) -> String {
    let at_k = |name: &str| format!("{name}@{k}");
    let names = [
        at_k("ndcg"),
        at_k("recall"),
        at_k("precision"),
        "mrr".into(),
        at_k("hit_rate"),
        "auc".into(),
        at_k("coverage"),
        at_k("diversity"),
        at_k("novelty"),
        "rmse".into(),
    ];
    let mut html = "<div class=\"wide\"><table><thead><tr><th>system</th>".to_owned();
    for name in &names {
        let _ = write!(html, "<th>{name}</th>");
    }
    html.push_str("<th>inglenook ahead by</th><th>setting</th></tr></thead><tbody>\n");
    for (place, (name, result)) in rows.iter().enumerate() {
        let _ = write!(html, "<tr{}><td>{}</td>", class(place), escape(name));
        for name in &names {
            let value = result.measures.get(name).map_or_else(String::new, |value| format!("{value:.4}"));
            let _ = write!(html, "<td>{value}</td>");
        }
        let ahead = result
            .behind
            .map_or_else(String::new, |d| format!("{:+.4} [{:+.4}, {:+.4}]", d.mean, d.interval.low, d.interval.high));
        let _ = writeln!(html, "<td>{ahead}</td><td>{}</td></tr>", escape(&result.setting.to_string()));
    }
    html.push_str("</tbody></table></div>\n");
    html
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
