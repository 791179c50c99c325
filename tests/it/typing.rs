//! What is asked at a terminal and typed there, which is a real one as far as the program can tell.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

use serde_json::json;

use crate::common::{Daemon, PATIENCE, Place, eventually, tilld};

/// Somebody at a terminal, in which `tilld passwd` was called.
struct Typist {
    child: Child,
    keys: ChildStdin,
    shows: Receiver<Vec<u8>>,
    /// All that the terminal has shown.
    screen: String,
    /// Where the terminal is among the devices.
    device: String,
}

impl Typist {
    fn sets_password(place: &Place, instance: &str) -> Self {
        let mut command = Command::new("script");
        for (name, value) in tilld().get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        // The terminal echoes, as one does at which somebody sits, unless the program forbids it.
        command.args(["--quiet", "--return", "--flush", "--echo", "always", "--command"]);
        command.arg("tty && exec \"$PROGRAM\" --database \"$FILE\" passwd --create \"$INSTANCE\"");
        command
            .arg("/dev/null")
            .env("SHELL", "/bin/sh")
            .env("PROGRAM", env!("CARGO_BIN_EXE_tilld"));
        command.env("FILE", place.db()).env("INSTANCE", instance);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (keys, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (show, shows) = channel();
        std::thread::spawn(move || {
            let mut piece = [0; 1024];
            while let Ok(length @ 1..) = stdout.read(&mut piece) {
                if show.send(piece[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        let (screen, device) = (String::new(), String::new());
        let mut typist = Self { child, keys, shows, screen, device };
        typist.sees("the device", |screen| screen.contains("\r\n"));
        let (device, rest) = typist.screen.split_once("\r\n").unwrap();
        (typist.device, typist.screen) = (device.to_owned(), rest.to_owned());
        typist
    }

    /// Waits until the screen shows it.
    fn sees(&mut self, what: &str, is_there: impl Fn(&str) -> bool) {
        while !is_there(&self.screen) {
            let piece = self.shows.recv_timeout(PATIENCE);
            let piece = piece.unwrap_or_else(|_| panic!("no {what:?}: {:?}", self.screen));
            self.screen += &String::from_utf8(piece).unwrap();
        }
    }

    /// Types a line when `prompt` has come and the terminal shows no more what is typed.
    fn answers(&mut self, prompt: &str, line: &str) {
        self.sees(prompt, |screen| screen.ends_with(prompt));
        eventually("the terminal does not echo", || {
            let stty = Command::new("stty").args(["-a", "-F", &self.device]).output().unwrap();
            String::from_utf8(stty.stdout).unwrap().split(' ').any(|word| word == "-echo")
        });
        self.keys.write_all(format!("{line}\r").as_bytes()).unwrap();
    }

    /// Its exit status, and all that was on the screen.
    fn ends(mut self) -> (i32, String) {
        loop {
            match self.shows.recv_timeout(PATIENCE) {
                Ok(piece) => self.screen += &String::from_utf8(piece).unwrap(),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end: {:?}", self.screen),
            }
        }
        let status = self.child.wait().unwrap();
        (status.code().unwrap(), std::mem::take(&mut self.screen))
    }
}

impl Drop for Typist {
    fn drop(&mut self) {
        // The terminal goes with it, and what runs there with the terminal.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn log_in(daemon: &Daemon, password: &str) -> u16 {
    let ask = daemon.ask("POST", "/instances/admin/private/token").basic("admin", password);
    ask.json(&json!({ "scope": "readonly" })).send().status
}

#[test]
fn a_password_is_typed_twice_unseen_and_opens() {
    let place = Place::new();
    let daemon = place.start();
    for (password, said) in [
        ("correct horse", "created instance admin with this password"),
        ("bättery staple", "password of admin changed"),
    ] {
        let mut typist = Typist::sets_password(&place, "admin");
        typist.answers("New password: ", password);
        typist.answers("Repeat it: ", password);
        let screen = format!("New password: \r\nRepeat it: \r\n{said}\r\n");
        assert_eq!(typist.ends(), (0, screen));
        assert_eq!(log_in(&daemon, password), 200);
    }
    assert_eq!(log_in(&daemon, "correct horse"), 401);
}

#[test]
fn two_passwords_that_differ_are_refused_and_change_nothing() {
    let place = Place::new();
    let daemon = place.start();
    place.passwd("admin", "correct horse");
    for instance in ["admin", "bar"] {
        let mut typist = Typist::sets_password(&place, instance);
        typist.answers("New password: ", "battery staple");
        typist.answers("Repeat it: ", "battery stapel");
        let (status, screen) = typist.ends();
        let said = screen.strip_prefix("New password: \r\nRepeat it: \r\n").unwrap();
        assert_eq!(status, 1, "{screen}");
        assert!(said.contains("the passwords differ; nothing was changed"), "{screen}");
    }
    assert_eq!(log_in(&daemon, "correct horse"), 200);
    assert_eq!(log_in(&daemon, "battery staple"), 401);
    assert_eq!(log_in(&daemon, "battery stapel"), 401);
    assert!(!place.ok(&["instance", "list"]).contains("bar"), "no instance was made");
}
