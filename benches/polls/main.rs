//! What waiting costs: memory and time of parked polls, and how soon a payment wakes the right one.
//!
//! `cargo bench --bench polls` prints one table; `-- --quick` takes one shorter round. The daemon is
//! the real program with its own file on a disk, this process is the crowd that asks it, and what it
//! is compared with runs in processes of its own, in the same round. Medians are shown, because
//! machines are noisy; what counts are ratios.
//!
//! Polls are parked half on sessions that have no order yet, half on orders, each on its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::as_conversions,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    reason = "a benchmark may stop at the first surprise, and divides"
)]

mod baseline;
mod chain;
mod client;
mod measure;
#[path = "../store/payment.rs"]
mod payment;
mod process;
mod round;
mod shop;
mod table;

use std::time::Duration;

use crate::round::{Plan, Round};
use crate::table::Table;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [first, kind, rest @ ..] = args.as_slice()
        && first == baseline::ARGUMENT
    {
        return baseline::serve(kind, rest);
    }
    let quick = args.iter().any(|arg| arg == "--quick");
    let limit = rlimit::increase_nofile_limit(65_536).unwrap();
    assert!(limit as usize >= round::NEEDED, "{limit} open files are not enough");
    let (rounds, plan) = match quick {
        true => {
            let (asking, watching) = (Duration::from_secs(1), Duration::from_secs(2));
            (1, Plan { alone: 300, paid: 3_000, steady: 300, asking, watching })
        }
        false => {
            let (asking, watching) = (Duration::from_secs(2), Duration::from_secs(5));
            (3, Plan { alone: 1_000, paid: 12_000, steady: 1_000, asking, watching })
        }
    };
    // On a disk, which the system's folder for temporary files may not be.
    let target = concat!(env!("CARGO_MANIFEST_DIR"), "/target");
    std::fs::create_dir_all(target).unwrap();
    let mut table = Table::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for number in 1..=rounds {
        eprintln!("round {number} of {rounds}");
        let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(target).unwrap();
        let round = Round { folder: folder.path(), plan: &plan, table: &mut table };
        runtime.block_on(Box::pin(round.run()));
    }
    table.print();
}
