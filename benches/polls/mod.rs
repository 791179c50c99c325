//! What waiting costs: memory and time of parked polls, and how soon a payment wakes the right one.
//!
//! The daemon is the real program with its own file on a disk, this process is the crowd that asks
//! it, and what it is compared with runs in processes of its own, in the same round.
//!
//! Polls are parked half on sessions that have no order yet, half on orders, each on its own.

pub(crate) mod baseline;
mod chain;
mod clients;
mod round;
mod writer;

use std::time::Duration;

use crate::harness::table::Table;
use crate::harness::{folder, runtime};
use crate::polls::round::{Plan, Round};

pub(crate) fn measure(quick: bool, table: &mut Table) {
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
    let runtime = runtime();
    for number in 1..=rounds {
        eprintln!("  round {number} of {rounds}");
        let folder = folder();
        let round = Round { folder: folder.path(), plan: &plan, table };
        runtime.block_on(Box::pin(round.run()));
    }
}
