//! The `tilld` program.

fn main() {}
