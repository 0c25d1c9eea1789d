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
            let _ = write!(out, "{label}{}", clean(&p.message));
            if let Some(help) = &p.help {
                let _ = write!(out, "\n  help: {}", clean(help));
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
            printable(&origin.source.name),
            clean(&p.message),
            "",
            "",
            " ".repeat(indent),
            "^".repeat(width),
        );
        if let Some(help) = &p.help {
            let _ = write!(out, "\n{:gutter$} = help: {}", "", clean(help));
        }
    }
    if problems.len() > SHOWN {
        let _ = write!(out, "\n\nand {} more", problems.len() - SHOWN);
    }
    out
}

/// A text for a terminal: what would move the cursor or turn the direction of reading becomes a space; line breaks and tabs stay.
pub fn clean(text: &str) -> std::borrow::Cow<'_, str> {
    let unwanted = |c: char| moves(c) && !matches!(c, '\n' | '\t');
    if text.contains(unwanted) {
        text.chars().map(|c| if unwanted(c) { ' ' } else { c }).collect::<String>().into()
    } else {
        text.into()
    }
}

/// Control characters, and those that change the direction of what follows.
fn moves(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters that would move the cursor become one space each, so that carets stay in place.
fn printable(text: &str) -> String {
    text.chars().map(|c| if moves(c) { ' ' } else { c }).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor_or_turns_the_reading() {
        assert_eq!(clean("a\u{1b}[31mb\u{7}\u{202e}c\u{2067}\r\u{9b}\n\td"), "a [31mb  c   \n\td");
        assert!(matches!(clean("ε = 1, „ü“\n"), std::borrow::Cow::Borrowed(_)));
    }
}
