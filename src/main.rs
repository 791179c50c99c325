//! The `tilld` program: everything is in the library; here is only how it ends.

use std::process::ExitCode;

fn main() -> ExitCode {
    match tilld::cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tilld: {error}");
            ExitCode::from(error.status())
        }
    }
}
