//! What tilld costs, as one table: each figure beside what it is compared with, taken in the same
//! run, what is asked of it, and whether that holds.
//!
//! `cargo bench` takes every section, `cargo bench -- store coins` these two, and `-- --quick` takes
//! shorter rounds. Medians are shown, because machines are noisy; what counts are ratios.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::as_conversions,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    reason = "a benchmark may stop at the first surprise, and divides"
)]

mod coins;
mod growth;
mod harness;
mod polls;
mod store;
mod webhooks;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::ExitCode;

use crate::harness::table::Table;
use crate::polls::baseline;

/// A part of the table.
struct Section {
    /// By which it is asked for.
    word: &'static str,
    /// What stands above it.
    heading: &'static str,
    /// Takes its figures; in shorter rounds if told so.
    measure: fn(bool, &mut Table),
}

/// In the order in which they are taken, whatever was asked for first.
const SECTIONS: [Section; 5] = [
    Section { word: "store", heading: "Writing", measure: store::measure },
    Section { word: "polls", heading: "Waiting and waking", measure: polls::measure },
    Section { word: "coins", heading: "Coins", measure: coins::measure },
    Section { word: "webhooks", heading: "Telling webhooks", measure: webhooks::measure },
    Section { word: "growth", heading: "Growing old", measure: growth::measure },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [first, kind, rest @ ..] = args.as_slice()
        && first == baseline::ARGUMENT
    {
        baseline::serve(kind, rest);
        return ExitCode::SUCCESS;
    }
    let is_known = |word: &str| SECTIONS.iter().any(|section| section.word == word);
    let (mut quick, mut wanted) = (false, Vec::new());
    for arg in &args {
        match arg.as_str() {
            // Cargo's own word.
            "--bench" => {}
            "--quick" => quick = true,
            word if is_known(word) => wanted.push(word),
            other => {
                let words = SECTIONS.map(|section| format!("[{}]", section.word)).join(" ");
                eprintln!("what is \"{other}\"? usage: cargo bench -- [--quick] {words}");
                return ExitCode::from(2);
            }
        }
    }
    let mut table = Table::default();
    // What was measured before a surprise is still worth being seen.
    let ended = catch_unwind(AssertUnwindSafe(|| {
        for Section { word, heading, measure } in SECTIONS {
            if wanted.is_empty() || wanted.contains(&word) {
                eprintln!("{word}");
                table.begin(heading);
                measure(quick, &mut table);
            }
        }
    }));
    table.print();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(surprise) => resume_unwind(surprise),
    }
}
