//! Pictures of a bench, drawn from rows that look like one.

use super::*;

#[test]
fn powers_of_ten_are_written_round() {
    assert_eq!([-5, -1, 0, 2].map(seconds_text), ["0.00001 s", "0.1 s", "1 s", "100 s"]);
}

use crate::report::bench::fake;

#[test]
fn pictures_show_every_scorer_and_say_what_they_stand_on() {
    let (rows, about) = (fake::rows(), fake::about());
    let (drawn, notes) = draw_all(&Cells::new(&rows), &about).unwrap();
    assert!(notes.is_empty(), "{notes:?}");
    assert_eq!(
        drawn.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(),
        ["bench-auc", "bench-difference", "bench-time"]
    );
    for plot in &drawn {
        for part in ["dp-logistic", "scorecard", "Nadeau", "Simulated: nothing here is safe", "1,000 persons"] {
            assert!(plot.svg.contains(part), "{}: {part}", plot.name);
        }
        assert!(crate::report::plots::png(&plot.svg).unwrap().starts_with(b"\x89PNG"));
    }
    assert!(drawn[1].title.contains("logistic") && drawn[0].svg.contains(">∞</text>"));
}

/// Every scorer of pretick, each a little above the one before.
fn crowd() -> Vec<crate::report::bench::Row> {
    let mut rows = Vec::new();
    for (k, (name, style)) in NAMED.iter().enumerate() {
        let open = style.symbol == Symbol::Dashed;
        for epsilon in [0.1, 0.5, 1.0, 2.0, 4.0, 8.0] {
            for r in fake::rows().into_iter().filter(|r| &*r.scorer == "logistic") {
                let above = 0.002 * k as f64 - if open { 0.0 } else { 0.01 / epsilon };
                let value = if &*r.metric == "auc" { r.value + above } else { r.value };
                let epsilon = (!open).then_some(epsilon);
                rows.push(crate::report::bench::Row { scorer: (*name).into(), epsilon, value, ..r });
            }
        }
    }
    rows
}

#[test]
fn many_scorers_keep_their_names_apart() {
    let (drawn, _) = draw_all(&Cells::new(&crowd()), &fake::about()).unwrap();
    for plot in &drawn {
        let at = |name: &str| {
            let end = plot
                .svg
                .find(&format!(">{name} "))
                .or(plot.svg.find(&format!(">{name},")))
                .or(plot.svg.find(&format!(">{name}</")));
            let open = plot.svg[..end.unwrap()].rfind("<text").unwrap();
            let y = plot.svg[open..].split(" y=\"").nth(1).unwrap().split('"').next().unwrap();
            y.parse::<f64>().unwrap()
        };
        let reference = if plot.name == "bench-difference" { "logistic" } else { "" };
        let mut places: Vec<f64> = NAMED.iter().filter(|n| n.0 != reference).map(|n| at(n.0)).collect();
        places.sort_by(f64::total_cmp);
        assert!(places.windows(2).all(|w| w[1] - w[0] >= 160.0), "{}: {places:?}", plot.name);
    }
}

#[test]
fn what_is_missing_is_left_out_with_a_note() {
    let rows: Vec<_> = fake::rows().into_iter().filter(|r| r.epsilon.is_none() && !r.metric.contains("cpu")).collect();
    let (drawn, notes) = draw_all(&Cells::new(&rows), &fake::about()).unwrap();
    assert!(drawn.is_empty() && notes.len() == 3, "{notes:?}");
    assert!(draw_all(&Cells::new(&[]), &fake::about()).unwrap().0.is_empty());
}

#[test]
fn no_two_scorers_look_alike() {
    let cells = Cells::new(&[]);
    for (i, a) in NAMED.iter().enumerate() {
        assert!(NAMED[..i].iter().all(|b| b.1 != a.1), "{}", a.0);
        assert_eq!(style_of(a.0, &cells), a.1);
    }
}

/// Elements of a kind in a colour.
fn drawn_in(svg: &str, element: &str, colour: &str) -> usize {
    svg.lines().filter(|l| l.starts_with(&format!("<{element} ")) && l.contains(colour)).count()
}

#[test]
fn the_legend_shows_what_is_drawn() {
    let mut rows = fake::rows();
    let strange = rows.iter().filter(|r| &*r.scorer == "scorecard");
    let strange: Vec<_> =
        strange.map(|r| crate::report::bench::Row { scorer: "strange".into(), ..r.clone() }).collect();
    rows.extend(strange);
    let (drawn, _) = draw_all(&Cells::new(&rows), &fake::about()).unwrap();
    let of = |name: &str| &drawn.iter().find(|p| p.name == name).unwrap().svg;
    // Without ε a scorer is a dashed line, without a marker; the spare marker is a circle.
    assert_eq!(drawn_in(of("bench-auc"), "circle", "#332288"), 0);
    assert!(drawn_in(of("bench-auc"), "polyline", "#332288") > 20);
    // Against time it is a marker: one in the data, one in the legend, and no line but the interval's three.
    assert_eq!(drawn_in(of("bench-time"), "circle", "#332288"), 2);
    assert_eq!(drawn_in(of("bench-time"), "rect", "#000000"), 2);
    assert_eq!(drawn_in(of("bench-time"), "polyline", "#000000"), 3);
}

#[test]
fn an_interval_that_reaches_beyond_an_auc_of_one_is_an_arrow() {
    let mut rows = fake::rows();
    let (tame, _) = draw_all(&Cells::new(&rows), &fake::about()).unwrap();
    for row in rows.iter_mut().filter(|r| &*r.metric == "auc") {
        row.value = if row.seed % 2 == 0 { 0.99 } else { 0.3 };
    }
    let (wild, _) = draw_all(&Cells::new(&rows), &fake::about()).unwrap();
    for (tame, wild) in tame.iter().zip(&wild).filter(|p| p.0.name != "bench-difference") {
        assert!(!tame.svg.contains("Arrows") && wild.svg.contains("Arrows"), "{}", tame.name);
        assert!(!wild.svg.contains(">1.2</text>"), "{}", wild.name);
    }
}
