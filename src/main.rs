//! The `tilld` program: everything is in the library; here is only how it ends.

use std::process::ExitCode;

use tikv_jemallocator::Jemalloc;

/// The system's allocator keeps the memory of ten thousand polls long after they have gone, and needs
/// a fifth more for each. How this one is set stands in `.cargo/config.toml`.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    match tilld::cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tilld::cli::print_error(&error);
            ExitCode::from(error.status())
        }
    }
}
