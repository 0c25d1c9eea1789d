//! Every picture, drawn from rows that look like a run.

use super::*;
use crate::report::fake;
use resvg::tiny_skia::Pixmap;
use resvg::usvg::{Group, Node, Rect};

fn draw(context: &Context) -> (Vec<Plot>, Vec<String>) {
    draw_all(&Summaries::new(&fake::rows(context), context), context).unwrap()
}

/// For looking at: PRETICK_PICTURES names a folder that the test fills.
#[allow(clippy::disallowed_methods, reason = "pictures are kept only where somebody asks")]
fn keep(folder: &str, plots: &[Plot]) {
    let Ok(home) = std::env::var("PRETICK_PICTURES") else { return };
    let folder = std::path::Path::new(&home).join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    for plot in plots {
        std::fs::write(folder.join(format!("{}.svg", plot.name)), &plot.svg).unwrap();
        std::fs::write(folder.join(format!("{}.png", plot.name)), png(&plot.svg).unwrap()).unwrap();
    }
}

fn texts(group: &Group, out: &mut Vec<(String, Rect)>) {
    for node in group.children() {
        match node {
            Node::Group(g) => texts(g, out),
            Node::Text(t) => {
                let text = t.chunks().iter().map(|c| c.text().to_owned()).collect();
                out.push((text, t.abs_bounding_box()));
            }
            _ => {}
        }
    }
}

/// Labels that leave the canvas or touch another label.
fn faults(svg: &str) -> Vec<String> {
    let tree = raster::tree(svg).unwrap();
    let mut labels = Vec::new();
    texts(tree.root(), &mut labels);
    assert!(labels.len() > 5);
    let (w, h) = (tree.size().width(), tree.size().height());
    let mut out = Vec::new();
    for (i, (text, b)) in labels.iter().enumerate() {
        if b.left() < 0.0 || b.top() < 0.0 || b.right() > w || b.bottom() > h {
            out.push(format!("outside: {text} {b:?}"));
        }
        for (other, o) in &labels[..i] {
            let slack = 1.0;
            let apart = b.right() <= o.left() + slack
                || o.right() <= b.left() + slack
                || b.bottom() <= o.top() + slack
                || o.bottom() <= b.top() + slack;
            if !apart {
                out.push(format!("overlap: {text} / {other}"));
            }
        }
    }
    out
}

#[test]
fn every_picture_decodes_and_its_labels_fit_and_do_not_overlap() {
    let mut long = fake::context();
    long.arms.truncate(6);
    long.arms[3].name = "a-form-that-somebody-gave-a-name".to_owned();
    let cases = [
        ("plain", fake::context()),
        ("swept", Context { replications: 6, ..fake::swept() }),
        ("one-replication", Context { replications: 1, real_data: true, ..fake::context() }),
        ("long-names", Context { applicants_rate: 0.125, spread: crate::stats::Spread::Resampled, ..long }),
    ];
    for (name, context) in cases {
        let (plots, notes) = draw(&context);
        assert!(notes.is_empty(), "{notes:?}");
        assert_eq!(plots.len(), 10 + context.sweep_keys.len());
        keep(name, &plots);
        for plot in &plots {
            assert_eq!(faults(&plot.svg), Vec::<String>::new(), "{name}/{}", plot.name);
            let pixels = Pixmap::decode_png(&png(&plot.svg).unwrap()).unwrap();
            assert_eq!(pixels.width(), 1920);
            assert!(plot.svg.contains("role=\"img\"") && plot.svg.contains("<title>") && plot.svg.contains("<desc>"));
            assert!(!plot.svg.contains("NaN"), "{name}/{}", plot.name);
            assert_eq!(plot.svg.contains("Simulated: nothing here is safe"), context.real_data);
        }
    }
}

#[test]
fn widths_are_those_of_the_drawn_text() {
    for (font, text) in
        [(canvas::font(13.0), "dp-aggregates-others"), (canvas::font(13.0).bold(), "dp-aggregates-others")]
    {
        let svg = canvas::draw((400.0, 100.0), "t", "d", |c| c.text(10.0, 50.0, text, font)).unwrap();
        let mut labels = Vec::new();
        texts(raster::tree(&svg).unwrap().root(), &mut labels);
        let (drawn, measured) = (f64::from(labels[0].1.width()), font.width(text).unwrap());
        assert!((drawn - measured).abs() < 0.03 * drawn, "{drawn} drawn, {measured} measured");
    }
}

#[test]
fn the_label_check_sees_faults() {
    let (plots, _) = draw(&Context { replications: 2, ..fake::context() });
    let moved = plots[0].svg.replacen("<text x=\"", "<text x=\"-90", 1);
    assert!(faults(&moved).iter().any(|f| f.starts_with("outside")));
    let line = plots[0].svg.lines().find(|l| l.contains("central, pure ε")).unwrap();
    let doubled = plots[0].svg.replacen(line, &format!("{line}\n{line}"), 1);
    assert!(faults(&doubled).iter().any(|f| f.starts_with("overlap")));
}

#[test]
fn what_is_missing_is_left_out_with_a_note() {
    let context = fake::context();
    let (plots, notes) = draw_all(&Summaries::new(&[], &context), &context).unwrap();
    assert!(plots.is_empty());
    assert_eq!(notes.len(), 6);
    for metric in ["auc", "share_rate", "regret", "effective_consent", "winners", "calibration_observed"] {
        let rows: Vec<_> = fake::rows(&context).into_iter().filter(|r| &*r.metric != metric).collect();
        draw_all(&Summaries::new(&rows, &context), &context).unwrap();
    }
    let one: Vec<_> = fake::rows(&context).into_iter().filter(|r| &*r.arm == "dp-model").collect();
    let (plots, _) = draw_all(&Summaries::new(&one, &context), &context).unwrap();
    assert!(plots.iter().any(|p| p.name == "tradeoff-auc"));
    let mut broken = fake::rows(&context);
    for (i, row) in broken.iter_mut().enumerate() {
        row.value = [f64::NAN, f64::INFINITY, 0.0, -1.0][i % 4];
    }
    let (plots, _) = draw_all(&Summaries::new(&broken, &context), &context).unwrap();
    for plot in plots {
        assert!(!plot.svg.contains("NaN"), "{}", plot.name);
        png(&plot.svg).unwrap();
    }
}

#[test]
fn pictures_are_the_same_every_time() {
    let context = Context { replications: 3, ..fake::context() };
    assert_eq!(draw(&context).0, draw(&context).0);
}

#[test]
fn two_small_pictures_stay_as_they_are() {
    let mut context = Context { replications: 3, ..fake::context() };
    context.arms.retain(|a| ["bureau-only", "opt-in", "default-sharing", "local-dp"].contains(&a.name.as_str()));
    let (plots, _) = draw(&context);
    for name in ["tradeoff-auc", "consent-anatomy"] {
        let plot = plots.iter().find(|p| p.name == name).unwrap();
        insta::assert_snapshot!(name, plot.svg);
    }
}

fn named<'a>(plots: &'a [Plot], name: &str) -> &'a str {
    &plots.iter().find(|p| p.name == name).unwrap().svg
}

#[test]
fn few_replications_do_not_stretch_an_axis_beyond_the_possible() {
    let context = Context { replications: 2, ..fake::context() };
    let mut rows = fake::rows(&context);
    for row in rows.iter_mut().filter(|r| r.metric.starts_with("attack.") || r.group.starts_with("file=")) {
        row.value = if row.replication == 0 { 0.2 } else { 0.8 };
    }
    let (plots, _) = draw_all(&Summaries::new(&rows, &context), &context).unwrap();
    keep("wild", &plots);
    for name in ["leakage-auc", "leakage-parts", "externality", "file-depth"] {
        let svg = named(&plots, name);
        // What is learnt of what was left has no least value; shares have both ends, and their intervals stop there.
        assert_eq!(svg.contains("Arrows: the interval goes on"), name != "file-depth", "{name}");
        for label in ["−100", "−50", "150", "200", "−1", "1.5", "2"] {
            assert!(!svg.contains(&format!(">{label}</text>")), "{name}: {label}");
        }
    }
    // Where nothing goes on, nothing is said of arrows.
    for plot in draw(&fake::context()).0 {
        assert!(!plot.svg.contains("Arrows"), "{}", plot.name);
    }
}

#[test]
fn the_legend_of_leakage_shows_the_marks() {
    let mut context = fake::context();
    context.arms.retain(|a| ["bureau-only", "full-sharing"].contains(&a.name.as_str()));
    let (plots, _) = draw(&context);
    // Two arms, each in the data and in the legend, a white and a coloured circle each time.
    assert_eq!(named(&plots, "leakage-auc").matches("<circle").count(), 8);
    assert_eq!(named(&plots, "leakage-auc").matches("<rect").count(), 1, "no bar but the paper");
}

#[test]
fn words_fit_what_is_drawn() {
    let (many, _) = draw(&fake::context());
    assert!(named(&many, "tradeoff-auc").contains("dp-model: δ = 1e-6; ε covers the training data"));
    assert!(named(&many, "externality").contains("community and district explain"));
    assert!(named(&many, "winners-losers").contains("income decile"));
    assert!(named(&many, "calibration").contains("Bars: intervals"));
    let (one, _) = draw(&Context { replications: 1, real_data: true, ..fake::context() });
    for plot in &one {
        for word in ["with intervals", "Whiskers", "Bars: intervals", "Intervals", "Arrows"] {
            assert!(!plot.svg.contains(word), "{}: {word}", plot.name);
        }
    }
    assert!(!named(&one, "externality").contains("latent quality that community"));
    assert!(!named(&one, "externality").contains('ρ'));
    assert!(!named(&one, "winners-losers").contains("decile"));
}

#[test]
fn one_file_depth_is_no_comparison() {
    let context = fake::context();
    let of = |depths: &[&str]| {
        let mut rows = fake::rows(&context);
        rows.retain(|r| !r.group.starts_with("file=") || depths.contains(&&*r.group));
        draw_all(&Summaries::new(&rows, &context), &context).unwrap()
    };
    let (plots, notes) = of(&["file=thick"]);
    assert!(plots.iter().all(|p| p.name != "file-depth"));
    assert!(notes.iter().any(|n| n.contains("file-depth left out") && n.contains("more than one")), "{notes:?}");
    let (plots, notes) = of(&["file=thin", "file=thick"]);
    assert!(notes.is_empty() && named(&plots, "file-depth").contains("thin file"));
    assert!(!named(&plots, "file-depth").contains(">no file<"));
}

#[test]
fn groups_too_small_to_judge_are_not_drawn_but_named() {
    let too_small =
        |group: &str| crate::evaluate::TooSmall { sweep: Vec::new(), group: group.into(), applicants: 3, repay: 3 };
    let context = Context { too_small: vec![too_small("decile=4"), too_small("file=thin")], ..fake::context() };
    let (plots, _) = draw(&context);
    let depth = named(&plots, "file-depth");
    assert!(!depth.contains(">thin file<") && depth.contains(">thick file<"));
    for (name, group) in [("file-depth", "file=thin (3)"), ("winners-losers", "decile=4 (3)")] {
        let words = named(&plots, name).replace('\n', " ");
        assert!(words.contains("Groups with fewer than 20 applicants"), "{name}");
        assert!(words.contains(group), "{name}");
    }
    // The twin: where all groups are large, nobody is said to be left out.
    let (plots, _) = draw(&fake::context());
    assert!(plots.iter().all(|p| !p.svg.contains("fewer than 20")));
}

#[test]
fn words_along_an_axis_are_joined_by_no_line() {
    let swept = |values: [&str; 3]| {
        let mut context = fake::context();
        context.replications = 3;
        context.arms.retain(|a| ["bureau-only", "full-sharing"].contains(&a.name.as_str()));
        context.sweep_keys = vec!["attack.bill.leaderboard".to_owned()];
        context.sweep_base = Some(vec![values[0].to_owned()]);
        let mut rows = fake::rows(&Context { sweep_keys: Vec::new(), ..context.clone() });
        rows.retain(|r| &*r.metric == "share_rate" && &*r.arm == "full-sharing");
        let mut out = Vec::new();
        for (i, value) in values.into_iter().enumerate() {
            out.extend(rows.iter().map(|r| crate::evaluate::Row {
                metric: "attack.bill.unique".into(),
                sweep: std::sync::Arc::from(vec![value.to_owned()]),
                value: 0.2 + 0.2 * i as f64 + 0.01 * f64::from(r.replication),
                ..r.clone()
            }));
        }
        let (plots, _) = draw_all(&Summaries::new(&out, &context), &context).unwrap();
        named(&plots, "sweep-attack-bill-leaderboard").to_owned()
    };
    let (words, numbers) = (swept(["none", "{ ranks = 10 }", "{ ranks = 1 }"]), swept(["0", "1", "2"]));
    let count = |svg: &str, part: &str| svg.matches(part).count();
    // Paper, three marks and the legend's.
    assert_eq!((count(&words, "<rect"), count(&numbers, "<rect")), (5, 5));
    assert_eq!((count(&words, "<polygon"), count(&numbers, "<polygon")), (0, 1), "the ribbon");
    assert!(words.contains("One mark an arm") && numbers.contains("One line an arm"));
    assert!(!words.contains("paired with") && !numbers.contains("paired with"), "no difference is drawn");
}
