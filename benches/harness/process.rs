//! Servers under test: each is a process of its own, so that its memory and time are its own.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::client::{Conn, get};

/// How many descriptors a server may have.
pub(crate) const DESCRIPTORS: usize = 20_000;
/// Parts of a second in which Linux counts time.
const TICKS: f64 = 100.0;
/// A safety net: what takes longer has gone wrong.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Where it says how many polls wait.
    counter: (SocketAddr, &'static str),
}

/// What says how many polls wait.
pub(crate) const COUNTER: &str = "tilld_polls_parked ";

impl Server {
    /// Starts `command` with as many descriptors as a server may have, and reads from its standard
    /// error where it listens.
    pub(crate) fn start(command: &Command) -> Self {
        let limited = format!("ulimit -n {DESCRIPTORS}; exec \"$0\" \"$@\"");
        let mut shell = Command::new("sh");
        shell.args(["-c", &limited]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        let mut child = shell.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (mut address, mut metrics) = (None, None);
        loop {
            let line = lines.next().expect("the server did not start").unwrap();
            let at = |text: &str| {
                let (_, rest) = line.split_once(text)?;
                rest.split('/').next().unwrap().parse().ok()
            };
            address = address.or(at("listening at http://"));
            metrics = metrics.or(at("metrics at http://"));
            if line.contains("ready") {
                break;
            }
        }
        // What it complains of belongs on the screen.
        thread::spawn(move || lines.map_while(Result::ok).for_each(|line| eprintln!("  {line}")));
        let address = address.unwrap();
        Self { child, address, counter: (metrics.unwrap_or(address), "/metrics") }
    }

    /// How many polls wait at it.
    pub(crate) async fn parked(&self) -> usize {
        let (address, path) = self.counter;
        let mut conn = Conn::open(address).await;
        assert_eq!(conn.ask(&get(path)).await, 200);
        let text = conn.text();
        let line = text.lines().find_map(|line| line.strip_prefix(COUNTER));
        line.unwrap().trim().parse().unwrap()
    }

    /// Waits until so many polls wait at it.
    pub(crate) async fn await_parked(&self, wanted: usize) {
        let started = Instant::now();
        loop {
            let parked = self.parked().await;
            if parked == wanted {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{parked} polls wait, not {wanted}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Its memory, in kB.
    pub(crate) fn rss(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// The time that it has spent on processors, in seconds.
    pub(crate) fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // The name before the last parenthesis may hold anything.
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let ticks = |nth| fields.split_whitespace().nth(nth).unwrap().parse::<f64>().unwrap();
        (ticks(11) + ticks(12)) / TICKS
    }

    /// Asks it to end, and waits.
    pub(crate) fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", "TERM", &pid]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command to its end; what it printed.
pub(crate) fn output(mut command: Command) -> String {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success(), "{command:?}");
    text.trim_end().to_owned()
}
