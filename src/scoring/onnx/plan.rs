//! How a view's columns go into a model, and where its PDs come out; or, in words, why they cannot.

use super::OnnxParams;

/// Elements that numbers cross in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Float,
    Double,
}

/// An input or output of a model. A free dimension is −1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Port {
    pub name: String,
    pub kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Numbers(Element, Vec<i64>),
    /// Anything else, in words: `int64 tensor`.
    Other(String),
    /// A list of maps from class to probability.
    Maps,
}

/// One input: its name, and the view's columns that fill it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Input {
    pub name: String,
    pub element: Element,
    pub columns: Vec<usize>,
    /// Whether the input is a plain list, rows, instead of rows × columns.
    pub flat: bool,
}

/// The way through a model.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    pub inputs: Vec<Input>,
    pub output: String,
    pub class: usize,
}

type Words<T> = Result<T, String>;

/// The plan for a view with these columns.
pub(super) fn plan(params: &OnnxParams, inputs: &[Port], outputs: &[Port], view: &[&str]) -> Words<Plan> {
    let named = params.columns.iter().map(|name| index(view, name)).collect::<Words<Vec<usize>>>()?;
    let by_name = inputs.iter().all(|p| view.contains(&p.name.as_str()));
    let inputs = match inputs {
        [] => return Err("the model has no input".into()),
        [one] if !(by_name && named.is_empty() && width(one) == Some(1)) => {
            let columns = if named.is_empty() { (0..view.len()).collect() } else { named };
            vec![matrix(one, columns, view)?]
        }
        several if by_name && named.is_empty() => {
            several.iter().map(|p| matrix(p, vec![index(view, &p.name)?], view)).collect::<Words<_>>()?
        }
        several => {
            let names = list(several.iter().map(|p| p.name.as_str()));
            return Err(format!(
                "the model has the inputs {names}; expected one matrix, or one input named after each column it needs, of {}",
                list(view.iter().copied())
            ));
        }
    };
    Ok(Plan { inputs, output: output(params, outputs)?, class: params.class as usize })
}

fn index(view: &[&str], name: &str) -> Words<usize> {
    view.iter().position(|v| *v == name).ok_or_else(|| {
        format!("there is no column `{name}` in what this arm shows, which is {}", list(view.iter().copied()))
    })
}

fn width(port: &Port) -> Option<i64> {
    match &port.kind {
        Kind::Numbers(_, shape) => match shape[..] {
            [_] => Some(1),
            [_, width] => Some(width),
            _ => None,
        },
        _ => None,
    }
}

/// An input that these columns fill.
fn matrix(port: &Port, columns: Vec<usize>, view: &[&str]) -> Words<Input> {
    let name = &port.name;
    let Kind::Numbers(element, shape) = &port.kind else {
        return Err(format!("the input `{name}` is {}, expected float or double, rows × columns", port.kind.words()));
    };
    let flat = match shape[..] {
        [_] if columns.len() == 1 => true,
        [_, width] if width < 0 || width as usize == columns.len() => false,
        [_, width] => {
            return Err(format!(
                "the input `{name}` takes {width} columns, got {}: {}; name those it was trained on, in its order, in lender.onnx.columns",
                columns.len(),
                list(columns.iter().map(|j| view[*j]))
            ));
        }
        _ => {
            return Err(format!(
                "the input `{name}` has the shape {shape:?}, expected rows × {} columns",
                columns.len()
            ));
        }
    };
    if shape[0] >= 0 {
        return Err(format!(
            "the input `{name}` takes exactly {} rows: export the model with a free first dimension (scikit-learn: FloatTensorType([None, {}]))",
            shape[0],
            columns.len()
        ));
    }
    Ok(Input { name: name.clone(), element: *element, columns, flat })
}

/// The output that holds the PDs.
fn output(params: &OnnxParams, outputs: &[Port]) -> Words<String> {
    const ADVICE: &str = "a list of maps (ZipMap): export without it, with scikit-learn by to_onnx(model, …, options={\"zipmap\": False})";
    let usable = |p: &&Port| matches!(&p.kind, Kind::Numbers(_, shape) if (1..=2).contains(&shape.len()));
    let names = || list(outputs.iter().map(|p| p.name.as_str()));
    if !params.output.is_empty() {
        let Some(port) = outputs.iter().find(|p| p.name == params.output) else {
            return Err(format!("the model has no output `{}`, it has {}", params.output, names()));
        };
        return match &port.kind {
            Kind::Maps => Err(format!("the output `{}` is {ADVICE}", port.name)),
            _ if usable(&port) => Ok(port.name.clone()),
            other => Err(format!(
                "the output `{}` is {}, expected float or double: a PD a row, or class probabilities",
                port.name,
                other.words()
            )),
        };
    }
    let found: Vec<&Port> = outputs.iter().filter(usable).collect();
    match found[..] {
        [one] => Ok(one.name.clone()),
        [] => match outputs.iter().find(|p| p.kind == Kind::Maps) {
            Some(maps) => Err(format!("the output `{}` is {ADVICE}", maps.name)),
            None => {
                Err(format!("no output can be PDs (float or double, one or two dimensions): {}", described(outputs)))
            }
        },
        _ => match found.iter().find(|p| p.name == "probabilities") {
            Some(port) => Ok(port.name.clone()),
            None => Err(format!(
                "several outputs can be PDs: {}; choose one in lender.onnx.output",
                list(found.iter().map(|p| p.name.as_str()))
            )),
        },
    }
}

/// What a tensor of this shape says of `rows` rows: the step from row to row and the place of the PD.
pub(super) fn place(shape: &[i64], rows: usize, class: usize) -> Words<(usize, usize)> {
    let wrong = |what: &str| Err(format!("the output has the shape {shape:?} for {rows} rows, expected {what}"));
    let sizes: Vec<usize> = shape.iter().map(|n| usize::try_from(*n).unwrap_or(0)).collect();
    match sizes[..] {
        [n] | [n, 1] if n == rows => Ok((1, 0)),
        [n, width] if n == rows && width > class => Ok((width, class)),
        [n, _] if n == rows => wrong(&format!("a column {class} (lender.onnx.class)")),
        _ => wrong(&format!("[{rows}], [{rows}, 1] or [{rows}, classes]")),
    }
}

impl Kind {
    fn words(&self) -> String {
        match self {
            Self::Numbers(element, shape) => {
                format!("{} {shape:?}", if *element == Element::Float { "float" } else { "double" })
            }
            Self::Other(words) => words.clone(),
            Self::Maps => "a list of maps".into(),
        }
    }
}

fn described(ports: &[Port]) -> String {
    ports.iter().map(|p| format!("`{}` ({})", p.name, p.kind.words())).collect::<Vec<_>>().join(", ")
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const MOST: usize = 40;
    let names: Vec<&str> = names.collect();
    let shown = names.iter().take(MOST).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    if names.len() > MOST { format!("{shown} and {} more", names.len() - MOST) } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(name: &str, element: Element, shape: &[i64]) -> Port {
        Port { name: name.into(), kind: Kind::Numbers(element, shape.to_vec()) }
    }

    fn labels() -> Port {
        Port { name: "label".into(), kind: Kind::Other("int64 [-1]".into()) }
    }

    fn probabilities() -> Vec<Port> {
        vec![labels(), numbers("probabilities", Element::Float, &[-1, 2])]
    }

    fn wrong(params: &OnnxParams, inputs: &[Port], outputs: &[Port], parts: &[&str]) {
        let message = plan(params, inputs, outputs, &["late", "used", "bills"]).unwrap_err();
        for part in parts {
            assert!(message.contains(part), "no {part:?} in {message}");
        }
    }

    #[test]
    fn one_matrix_takes_the_columns_in_the_order_asked_for() {
        let x = [numbers("X", Element::Double, &[-1, 2])];
        let params = OnnxParams { columns: vec!["bills".into(), "late".into()], ..OnnxParams::default() };
        let got = plan(&params, &x, &probabilities(), &["late", "used", "bills"]).unwrap();
        let input = Input { name: "X".into(), element: Element::Double, columns: vec![2, 0], flat: false };
        assert_eq!(got, Plan { inputs: vec![input], output: "probabilities".into(), class: 1 });
        let free = [numbers("X", Element::Float, &[-1, -1])];
        let got = plan(&OnnxParams::default(), &free, &probabilities(), &["late", "used", "bills"]).unwrap();
        assert_eq!(got.inputs[0].columns, [0, 1, 2]);
    }

    #[test]
    fn inputs_named_after_columns_find_them() {
        let inputs = [numbers("bills", Element::Float, &[-1, 1]), numbers("late", Element::Float, &[-1])];
        let got = plan(&OnnxParams::default(), &inputs, &probabilities(), &["late", "used", "bills"]).unwrap();
        let columns: Vec<_> = got.inputs.iter().map(|i| (i.columns.clone(), i.flat)).collect();
        assert_eq!(columns, [(vec![2], false), (vec![0], true)]);
        let one = [numbers("used", Element::Float, &[-1, 1])];
        let got = plan(&OnnxParams::default(), &one, &probabilities(), &["late", "used", "bills"]).unwrap();
        assert_eq!(got.inputs[0].columns, [1]);
    }

    #[test]
    fn what_does_not_fit_names_expected_and_got() {
        let plain = OnnxParams::default();
        let float = |shape: &[i64]| [numbers("X", Element::Float, shape)];
        wrong(
            &plain,
            &float(&[-1, 12]),
            &probabilities(),
            &["takes 12 columns, got 3", "`bills`", "lender.onnx.columns"],
        );
        wrong(&plain, &float(&[1, 3]), &probabilities(), &["exactly 1 rows", "free first dimension"]);
        wrong(&plain, &float(&[-1, 3, 1]), &probabilities(), &["shape [-1, 3, 1]", "rows × 3 columns"]);
        wrong(&plain, &float(&[]), &probabilities(), &["shape []"]);
        let whole = [Port { name: "X".into(), kind: Kind::Other("int64 [-1, 3]".into()) }];
        wrong(&plain, &whole, &probabilities(), &["`X` is int64 [-1, 3], expected float or double"]);
        wrong(&plain, &[], &probabilities(), &["no input"]);
        let strange = [numbers("late", Element::Float, &[-1, 1]), numbers("age", Element::Float, &[-1, 1])];
        wrong(&plain, &strange, &probabilities(), &["`late`, `age`", "named after each column", "`used`"]);
        let params = OnnxParams { columns: vec!["lat".into()], ..OnnxParams::default() };
        wrong(&params, &float(&[-1, 1]), &probabilities(), &["no column `lat`", "`late`"]);
    }

    #[test]
    fn an_output_is_found_or_asked_for() {
        let x = [numbers("X", Element::Float, &[-1, 3])];
        let plain = OnnxParams::default();
        let named = |name: &str| OnnxParams { output: name.into(), ..OnnxParams::default() };
        let zipped = [labels(), Port { name: "output_probability".into(), kind: Kind::Maps }];
        wrong(&plain, &x, &zipped, &["`output_probability`", "zipmap"]);
        wrong(&named("output_probability"), &x, &zipped, &["zipmap"]);
        wrong(&named("pd"), &x, &zipped, &["no output `pd`", "`label`"]);
        wrong(&named("label"), &x, &zipped, &["`label` is int64 [-1], expected float or double"]);
        wrong(&plain, &x, &[labels()], &["no output can be PDs", "`label` (int64 [-1])"]);
        let two = [numbers("a", Element::Float, &[-1]), numbers("b", Element::Float, &[-1, 1])];
        wrong(&plain, &x, &two, &["`a`, `b`", "lender.onnx.output"]);
        assert_eq!(plan(&named("b"), &x, &two, &["1", "2", "3"]).unwrap().output, "b");
    }

    #[test]
    fn a_pd_has_its_place_in_the_output() {
        assert_eq!(place(&[7], 7, 1), Ok((1, 0)));
        assert_eq!(place(&[7, 1], 7, 1), Ok((1, 0)));
        assert_eq!(place(&[7, 2], 7, 1), Ok((2, 1)));
        assert_eq!(place(&[7, 3], 7, 0), Ok((3, 0)));
        for (shape, part) in [(&[6][..], "[7], [7, 1]"), (&[7, 2, 1], "[7, classes]"), (&[], "shape []")] {
            assert!(place(shape, 7, 1).unwrap_err().contains(part));
        }
        assert!(place(&[7, 2], 7, 2).unwrap_err().contains("a column 2 (lender.onnx.class)"));
    }
}
