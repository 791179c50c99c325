//! Writes what a package holds besides the program: manual pages, completions for shells, and the
//! lists of everybody whose work is in it. `cargo run -p papers -- FOLDER [TARGET]`
//!
//! The command line is described once, in `cli::args`, and the settings once, in
//! `packaging/tilld.toml`; both pages are made of them. It takes that one file of the program, so that it is
//! built in seconds: the program itself is built for the package only.

mod bill;

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use clap::CommandFactory;
use clap_complete::Shell;
use roff::{Roff, bold, roman};

use papers::args::Args;

const SETTINGS: &str = include_str!("../../tilld.toml");

/// The package that the papers are about.
const PACKAGE: &str = "tilld";

/// What the program reads of its environment.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("TILLD_CONFIG", "the file with the settings, as --config names it"),
    (
        "TILLD_SECTION__KEY",
        "each setting of tilld.toml(5), two underscores between section and key: TILLD_SERVER__BASE_URL, \
         TILLD_DATABASE__PATH, TILLD_LOG__LEVEL. It counts more than the file, and less than an option",
    ),
    (
        "XDG_DATA_HOME, HOME",
        "where tilld demo and tilld wallet keep their files, in the folder tilld-demo",
    ),
    (
        "CREDENTIALS_DIRECTORY",
        "set by systemd: the password in its file tilld.admin-password becomes that of admin, if there is no \
         admin yet",
    ),
    (
        "LISTEN_FDS, LISTEN_PID",
        "set by systemd: sockets to answer at, in the place of server.listen",
    ),
    (
        "NOTIFY_SOCKET, WATCHDOG_USEC",
        "set by systemd: it is told when the daemon is ready and that it is alive",
    ),
    ("TZ", "the time zone in which the back office shows times and days begin"),
];

/// What signals do to `tilld serve` and `tilld demo`.
const SIGNALS: &[(&str, &str)] = &[(
    "SIGTERM, SIGINT",
    "the daemon stops within two seconds: those who wait for news are answered, requests under way end, and \
     nothing is lost that was confirmed",
)];

/// What is done most often.
const EXAMPLES: &[(&str, &str)] = &[
    ("Try it all with play money:", "tilld demo"),
    ("Make the first shop, with a password for its back office:", "tilld passwd admin"),
    (
        "Say where its money goes:",
        "tilld account add admin 'payto://iban/DE75512108001245126199?receiver-name=My+Shop'",
    ),
    ("Answer wallets and web shops:", "tilld serve --base-url https://shop.example.com/"),
    (
        "Give a web shop a token with which it can make orders:",
        "tilld token create admin --scope order-simple",
    ),
    ("See what is to be mended:", "tilld doctor"),
    ("Copy the database while the daemon runs:", "tilld backup /another/disk/till.db"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder to write to")?;
    let folder = Path::new(&folder);
    let target = std::env::args().nth(2).filter(|target| !target.is_empty());
    let target = target.as_deref();
    fs::create_dir_all(folder.join("bash"))?;
    fs::write(folder.join("tilld.1"), program()?)?;
    fs::write(folder.join("tilld.toml.5"), settings())?;
    fs::write(folder.join("third-party.txt"), third_party(target)?)?;
    fs::write(folder.join("tilld.cdx.json"), bill::of_materials(target)?)?;
    let mut command = Args::command();
    for (shell, name) in
        [(Shell::Bash, "bash/tilld"), (Shell::Zsh, "_tilld"), (Shell::Fish, "tilld.fish")]
    {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut command, "tilld", &mut text);
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}

/// `tilld(1)`: the program with all its commands on one page.
fn program() -> Result<Vec<u8>, Box<dyn Error>> {
    let mut command = Args::command();
    command.build();
    let mut page = Vec::new();
    let man = clap_mangen::Man::new(command.clone()).manual("User Commands");
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let mut rest = Roff::new();
    rest.control("SH", ["COMMANDS"]);
    for sub in command.get_subcommands() {
        describe(&mut rest, "tilld", sub);
    }
    rest.control("SH", ["EXIT STATUS"]);
    for (status, meaning) in [
        ("0", "done"),
        ("1", "failed"),
        ("2", "usage"),
        ("3", "settings"),
        ("4", "the database is not there, or cannot be used: foreign, newer, damaged or read-only"),
        ("5", "a daemon is running on it already"),
        ("6", "the database is in order, but exchanges could not be asked about its coins"),
    ] {
        rest.control("TP", []).text([bold(status)]).text([roman(meaning)]);
    }
    rest.control("SH", ["ENVIRONMENT"]);
    for (name, meaning) in ENVIRONMENT {
        rest.control("TP", []).text([bold(*name)]).text([roman(*meaning)]);
    }
    rest.control("SH", ["SIGNALS"]);
    for (name, meaning) in SIGNALS {
        rest.control("TP", []).text([bold(*name)]).text([roman(*meaning)]);
    }
    rest.control("SH", ["EXAMPLES"]);
    for (meaning, command) in EXAMPLES {
        rest.control("PP", []).text([roman(*meaning)]);
        rest.control("PP", []).control("RS", ["4"]).control("EX", []).text([roman(*command)]);
        rest.control("EE", []).control("RE", []);
    }
    rest.control("SH", ["FILES"]);
    for (file, meaning) in [
        ("/etc/tilld/tilld.toml", "settings, see tilld.toml(5)"),
        ("/var/lib/tilld/tilld.db", "everything else, where the package keeps it"),
    ] {
        rest.control("TP", []).text([bold(file)]).text([roman(meaning)]);
    }
    rest.control("SH", ["SEE ALSO"]).text([bold("tilld.toml"), roman("(5)")]);
    page.extend(rest.render().into_bytes());
    Ok(page)
}

/// A command and those below it, each with what it takes.
fn describe(page: &mut Roff, before: &str, command: &clap::Command) {
    if command.get_name() == "help" {
        return;
    }
    let name = format!("{before} {}", command.get_name());
    let about =
        |text: Option<&clap::builder::StyledStr>| text.map(ToString::to_string).unwrap_or_default();
    let subs: Vec<_> = command.get_subcommands().filter(|c| c.get_name() != "help").collect();
    if subs.is_empty() {
        let mut usage = vec![bold(name.clone())];
        for argument in command.get_positionals() {
            let value = argument.get_id().as_str().to_uppercase();
            let must = argument.is_required_set();
            usage.push(roman(if must { format!(" {value}") } else { format!(" [{value}]") }));
        }
        page.control("TP", []).text(usage).text([roman(about(command.get_about()))]);
        for argument in command.get_arguments() {
            if argument.get_id() == "help" || argument.is_global_set() {
                continue;
            }
            let label = match argument.get_long() {
                Some(long) => format!("--{long}"),
                None => argument.get_id().as_str().to_uppercase(),
            };
            let help = about(argument.get_help());
            page.control("RS", []).control("TP", []).text([bold(label)]).text([roman(help)]);
            page.control("RE", []);
        }
    }
    for sub in subs {
        describe(page, &name, sub);
    }
}

/// `tilld.toml(5)`: the sections and keys, in the words of the file itself.
fn settings() -> String {
    let mut page = Roff::new();
    let version = format!("tilld {}", env!("CARGO_PKG_VERSION"));
    page.control("TH", ["tilld.toml", "5", "", &version, "File Formats"]);
    page.control("SH", ["NAME"])
        .text([roman("tilld.toml - settings of tilld, a till for GNU Taler")]);
    page.control("SH", ["DESCRIPTION"]);
    let mut words: Vec<&str> = Vec::new();
    let mut is_head = true;
    for line in SETTINGS.lines() {
        if let Some(comment) = line.strip_prefix('#') {
            let text = comment.trim();
            // A key that is off by default: `# base_url = "…"`.
            match text.split_once(" = ") {
                Some((key, value)) if is_name(key) => {
                    entry(&mut page, key, &format!("not set; for example {value}"), &words);
                    words.clear();
                }
                _ if text.starts_with("[[") => {
                    page.control("SH", [text]);
                    paragraph(&mut page, &words);
                    words.clear();
                }
                _ if text.is_empty() && is_head => {
                    paragraph(&mut page, &words);
                    words.clear();
                }
                _ => words.push(text),
            }
        } else if line.starts_with('[') {
            if is_head {
                paragraph(&mut page, &words);
                words.clear();
                is_head = false;
            }
            page.control("SH", [line]);
            paragraph(&mut page, &words);
            words.clear();
        } else if let Some((key, value)) = line.split_once(" = ") {
            entry(&mut page, key, &format!("default {value}"), &words);
            words.clear();
        }
    }
    page.control("SH", ["SEE ALSO"]).text([bold("tilld"), roman("(1)")]);
    page.render()
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b"_0123456789".contains(&b))
}

fn entry(page: &mut Roff, key: &str, value: &str, words: &[&str]) {
    page.control("TP", []).text([bold(key), roman(format!(" ({value})"))]);
    page.text([roman(words.join(" "))]);
}

fn paragraph(page: &mut Roff, words: &[&str]) {
    if !words.is_empty() {
        page.control("PP", []).text([roman(words.join(" "))]);
    }
}

/// The crates that are linked into the program, with their licences.
fn third_party(target: Option<&str>) -> Result<String, Box<dyn Error>> {
    let format = "{p} {l}";
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--package", PACKAGE])
        .args(["--edges", "normal", "--prefix", "none", "--format", format])
        .args(target.iter().flat_map(|target| ["--target", target]))
        .output()?;
    if !tree.status.success() {
        return Err(String::from_utf8_lossy(&tree.stderr).into());
    }
    let tree = String::from_utf8(tree.stdout)?;
    let lines: BTreeSet<&str> = tree
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        // The lines of its own crates name the folder that they were built in.
        .filter(|line| !line.contains(" (/") && !line.is_empty())
        .collect();
    let lines: Vec<_> = lines.into_iter().map(|line| line.replace(" (proc-macro)", "")).collect();
    Ok(format!("Crates linked into tilld, with their licences:\n\n{}\n", lines.join("\n")))
}
