//! `pretick account`, through the program.
#![allow(clippy::unwrap_used, reason = "a test fails where it breaks")]

use assert_cmd::Command;

fn account(args: &[&str], code: i32) -> (String, String) {
    let output =
        Command::cargo_bin("pretick").unwrap().arg("account").args(args).assert().code(code).get_output().clone();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

fn json(args: &[&str]) -> serde_json::Value {
    let mut args = args.to_vec();
    args.push("--json");
    serde_json::from_str(&account(&args, 0).0).unwrap()
}

#[test]
fn a_budget_becomes_noise_and_the_noise_costs_the_budget() {
    let all = json(&["--epsilon", "1", "--delta", "1e-6"]);
    let one = &all["releases"][0];
    // Published for the analytic Gaussian: 4.2247; by zCDP 4.531.
    assert!((one["sigma_gdp"].as_f64().unwrap() - 4.224_68).abs() < 1e-4);
    assert!((one["sigma_zcdp"].as_f64().unwrap() - 4.531).abs() < 1e-3);
    assert_eq!(one["laplace_scale"], 1.0);
    let five = &all["releases"][2];
    let sigma = five["sigma_gdp"].as_f64().unwrap().to_string();
    let back = json(&["--sigma", &sigma, "--steps", "5", "--delta", "1e-6"]);
    assert!((back["best"].as_f64().unwrap() - 1.0).abs() < 1e-6, "{back}");
    assert!(back["epsilon"]["zCDP"].as_f64().unwrap() > 1.05);
}

#[test]
fn sampled_and_mixed_noise_is_shown_side_by_side() {
    let all = json(&["--sigma", "1", "--steps", "1000", "--sampling", "0.01", "--delta", "1e-5"]);
    // dp_accounting: RDP 2.1013665, PLD 1.8282436.
    assert!((all["epsilon"]["PLD"].as_f64().unwrap() / 1.8282436 - 1.0).abs() < 2e-4);
    assert!((all["epsilon"]["RDP"].as_f64().unwrap() / 2.1013665 - 1.0).abs() < 2e-4);
    assert!(all["epsilon"]["GDP"].is_null());
    let (text, _) = account(&["--sigma", "5", "--laplace", "10", "--steps", "3", "--delta", "1e-6"], 0);
    let sampled = json(&["--laplace", "1", "--steps", "100", "--sampling", "0.01", "--delta", "1e-6"]);
    assert!(sampled["best"].as_f64().unwrap() < 0.5 && sampled["pld_note"].is_null(), "{sampled}");
    assert!(text.contains("PLD") && text.matches('←').count() == 1, "{text}");
}

#[test]
fn mistakes_are_answered_in_words() {
    for (args, words) in [
        (&["--epsilon", "0", "--delta", "1e-6"][..], "epsilon is 0, allowed is more than 0"),
        (&["--epsilon", "1", "--delta", "2"], "--delta is 2, allowed is more than 0, less than 1"),
        (&["--sigma", "0", "--delta", "1e-6"], "--sigma is 0, allowed is noise above 0"),
        (&["--sigma", "1", "--sampling", "1.5", "--delta", "1e-6"], "allowed is more than 0, at most 1"),
        (&["--laplace", "1", "--sampling", "1e-100", "--delta", "1e-6"], "allowed is 1e-12 to 1"),
        (&["--sigma", "1e-300", "--delta", "1e-6"], "--sigma is 1e-300, allowed is 1e-6 to 1e12"),
        (&["--epsilon", "1e-300", "--delta", "1e-6"], "allowed is 1e-9 to 1e6"),
        (&["--epsilon", "1", "--delta", "1e-300"], "allowed is 1e-250 or more"),
        (&["--sigma", "1", "--steps", "0", "--delta", "1e-6"], "--steps is 0"),
        (&["--epsilon", "inf", "--delta", "1e-6"], "no noise is asked for"),
    ] {
        let (_, text) = account(args, 1);
        assert!(text.contains(words) && !text.contains("panicked"), "{args:?}: {text}");
    }
    assert!(account(&["--delta", "1e-6"], 2).1.contains("--epsilon"));
}
