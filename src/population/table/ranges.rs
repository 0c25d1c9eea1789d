//! Ranges of column names: `PAY_2..PAY_6`, or `BILL_AMT1..6` for short.

/// Most columns that one range may stand for.
const MOST: u64 = 10_000;

/// The names that a text stands for; the error says what is wrong with it.
pub(super) fn expand(text: &str) -> Result<Vec<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("an empty column name".into());
    }
    let Some((first, last)) = text.split_once("..") else { return Ok(vec![text.to_owned()]) };
    let (first, last) = (first.trim(), last.trim());
    let (stem, from) = split(first);
    let (stem_of_last, to) = split(last);
    let (Ok(low), Ok(high)) = (from.parse::<u64>(), to.parse::<u64>()) else {
        return Err(format!("`{text}` is not a range: both ends need a number, as in PAY_2..PAY_6 or BILL_AMT1..6"));
    };
    if !stem_of_last.is_empty() && stem_of_last != stem {
        return Err(format!("`{text}` is not a range: `{stem}` and `{stem_of_last}` differ before the number"));
    }
    if high < low {
        return Err(format!("`{text}` runs backwards: write {stem}{to}..{from}"));
    }
    if high - low >= MOST {
        return Err(format!("`{text}` stands for more than {MOST} columns"));
    }
    // Leading zeros are kept: M01..M12.
    let width = if from.starts_with('0') { from.len() } else { 0 };
    Ok((low..=high).map(|n| format!("{stem}{n:0width$}")).collect())
}

/// Name before the final digits, and these digits.
fn split(name: &str) -> (&str, &str) {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    (stem, &name[stem.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_expand() {
        let of = |t| expand(t).unwrap().join(" ");
        assert_eq!(of("AGE"), "AGE");
        assert_eq!(of("PAY_2..PAY_4"), "PAY_2 PAY_3 PAY_4");
        assert_eq!(of("BILL_AMT1..3"), "BILL_AMT1 BILL_AMT2 BILL_AMT3");
        assert_eq!(of("M08..M11"), "M08 M09 M10 M11");
        assert_eq!(of("9..11"), "9 10 11");
    }

    #[test]
    fn what_is_no_range_is_refused_with_the_reason() {
        let all: Vec<String> =
            ["", "PAY..6", "PAY_2..", "PAY_6..PAY_2", "PAY_2..BILL_6", "a1..99999999", "é1..é99999999999999999999"]
                .iter()
                .map(|t| expand(t).unwrap_err())
                .collect();
        insta::assert_snapshot!(all.join("\n"), @r"
    an empty column name
    `PAY..6` is not a range: both ends need a number, as in PAY_2..PAY_6 or BILL_AMT1..6
    `PAY_2..` is not a range: both ends need a number, as in PAY_2..PAY_6 or BILL_AMT1..6
    `PAY_6..PAY_2` runs backwards: write PAY_2..6
    `PAY_2..BILL_6` is not a range: `PAY_` and `BILL_` differ before the number
    `a1..99999999` stands for more than 10000 columns
    `é1..é99999999999999999999` is not a range: both ends need a number, as in PAY_2..PAY_6 or BILL_AMT1..6
    ");
    }
}
