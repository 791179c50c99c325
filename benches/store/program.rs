//! The program as it is shipped: how soon it answers, and how large it is.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::harness::table::{Bar, Table};

const STARTS: usize = 5;

/// Start to first answer, memory when idle, and the size of the program.
pub(super) fn measure(folder: &Path, table: &mut Table) {
    let program = env!("CARGO_BIN_EXE_tilld");
    let mut idle_kb = 0;
    for _ in 0..STARTS {
        let started = Instant::now();
        let mut daemon = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--database"])
            .arg(folder.join("start.db"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(daemon.stderr.take().unwrap()).lines();
        let line = lines.find(|l| l.as_ref().unwrap().contains("listening at")).unwrap().unwrap();
        let address = line.rsplit("http://").next().unwrap().trim_end_matches('/').to_owned();
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(b"GET /config HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let start_ms = started.elapsed().as_secs_f64() * 1000.0;
        table.add("start to first answer, ms", start_ms, None, Bar::Below(100.0));
        let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        idle_kb = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }
    table.add("memory when idle, MB", f64::from(idle_kb) / 1000.0, None, Bar::Below(25.0));
    let size = std::fs::metadata(program).unwrap().len() as f64 / 1_000_000.0;
    table.add("size of the program, MB", size, None, Bar::Below(16.0));
}
