//! The command line of tilld, from the program's own source.

#[path = "../../../src/cli/args.rs"]
pub mod args;
