//! Problems as text: place, quoted line, caret, suggestion.

use super::Problem;
use std::fmt::Write as _;

/// Characters of a line that are quoted before and after the place of a problem.
const QUOTED: (usize, usize) = (80, 120);
/// Problems that are shown; of the others their number.
const SHOWN: usize = 20;

/// The problems as text for a terminal: place, quoted line, caret, suggestion.
pub fn render(problems: &[Problem]) -> String {
    let mut out = String::new();
    for (i, p) in problems.iter().take(SHOWN).enumerate() {
        if i > 0 {
            out.push_str("\n\n");
        }
        let label = if p.key.is_empty() { String::new() } else { format!("`{}`: ", printable(&p.key)) };
        let Some(origin) = &p.origin else {
            let _ = write!(out, "{label}{}", p.message);
            if let Some(help) = &p.help {
                let _ = write!(out, "\n  help: {help}");
            }
            continue;
        };
        let (line, column) = origin.line_column();
        let (quoted, indent) = quote(origin.source.text.lines().nth(line - 1).unwrap_or(""), column - 1);
        let width = origin
            .source
            .text
            .get(origin.span.clone())
            .map_or(1, |s| s.lines().next().unwrap_or("").chars().count())
            .clamp(1, 60);
        let gutter = line.to_string().len();
        let _ = write!(
            out,
            "{}:{line}:{column}: {label}{}\n{:gutter$} |\n{line} | {quoted}\n{:gutter$} | {}{}",
            origin.source.name,
            p.message,
            "",
            "",
            " ".repeat(indent),
            "^".repeat(width),
        );
        if let Some(help) = &p.help {
            let _ = write!(out, "\n{:gutter$} = help: {help}", "");
        }
    }
    if problems.len() > SHOWN {
        let _ = write!(out, "\n\nand {} more", problems.len() - SHOWN);
    }
    out
}

/// Characters that would move the cursor become one space each, so that carets stay in place.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// What is shown of a line around its character `at`, and where that character stands in it.
fn quote(line: &str, at: usize) -> (String, usize) {
    let skip = if at > QUOTED.0 { at - QUOTED.0 / 2 } else { 0 };
    let mut shown: String = printable(line).chars().skip(skip).take(QUOTED.0 + QUOTED.1).collect();
    if line.chars().count() > skip + QUOTED.0 + QUOTED.1 {
        shown.push('…');
    }
    if skip > 0 {
        shown.insert(0, '…');
    }
    (shown, at - skip + usize::from(skip > 0))
}
