//! `pretick`: exit code only; everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    pretick::cli::main()
}
