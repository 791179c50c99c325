//! A disk that loses, in a power cut, what was not synced; the other half of `disk.c`, which keeps the
//! journal that is undone here.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::common::rng::Dice;
use crate::shim;

/// The smallest piece that a disk writes whole; usually.
const SECTOR: u64 = 512;

/// The disk of one daemon, or of several after each other.
pub(crate) struct Disk {
    dir: TempDir,
    control: File,
}

/// What becomes of what was written and not synced.
pub(crate) enum Loss<'a> {
    /// The system lives on, and writes it.
    Nothing,
    /// All of it is lost.
    Everything,
    /// Some of it, sector by sector, now and then a sector by halves.
    Some(&'a mut Dice),
}

/// A place in the control file, in bytes.
struct Knob(u64);

const ROOM: Knob = Knob(0);
const LIFE: Knob = Knob(8);
const LAZY: Knob = Knob(16);
const COUNT: Knob = Knob(24);
const REFUSED: Knob = Knob(32);
const PART: Knob = Knob(40);
const SYNC: Knob = Knob(48);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Write,
    Truncate,
    Sync,
    Create,
    Rename,
    Unlink,
}

/// A record of the journal.
struct Record {
    kind: Kind,
    inode: u64,
    offset: u64,
    size: u64,
    done: u64,
    path: PathBuf,
    other: PathBuf,
    old: Vec<u8>,
}

impl Disk {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("control");
        let control =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path);
        let this = Self { dir, control: control.unwrap() };
        this.reset();
        this
    }

    /// What has a daemon use this disk.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let at = |name: &str| self.dir.path().join(name).to_str().unwrap().to_owned();
        [
            ("LD_PRELOAD", shim::disk().to_str().unwrap().to_owned()),
            ("DISK_CONTROL", at("control")),
            ("DISK_JOURNAL", at("journal")),
            ("DISK_STASH", at("")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    fn set(&self, knob: &Knob, value: i64) {
        self.control.write_all_at(&value.to_ne_bytes(), knob.0).unwrap();
    }

    fn get(&self, knob: &Knob) -> i64 {
        let mut value = [0; 8];
        self.control.read_exact_at(&mut value, knob.0).unwrap();
        i64::from_ne_bytes(value)
    }

    fn reset(&self) {
        for knob in &[LAZY, COUNT, REFUSED, PART, SYNC] {
            self.set(knob, 0);
        }
        for knob in &[ROOM, LIFE] {
            self.set(knob, -1);
        }
    }

    /// The daemon's files may grow by so many bytes and no more; `None`: as they like.
    pub(crate) fn room(&self, bytes: Option<u64>) {
        self.set(&ROOM, bytes.map_or(-1, |bytes| i64::try_from(bytes).unwrap()));
    }

    /// The same, but for logs, which have all the room they like.
    pub(crate) fn room_beside_logs(&self, bytes: u64) {
        self.set(&PART, 1);
        self.room(Some(bytes));
    }

    /// From now on each sync takes so long.
    pub(crate) fn slow(&self, sync: Duration) {
        self.set(&SYNC, i64::try_from(sync.as_micros()).unwrap());
    }

    /// How often there was no room.
    pub(crate) fn refused(&self) -> i64 {
        self.get(&REFUSED)
    }

    /// The daemon is killed in the midst of its so-manieth write, sync or the like from now on.
    pub(crate) fn die_after(&self, operations: u64) {
        self.set(&LIFE, i64::try_from(operations).unwrap());
    }

    /// How many writes, syncs and the like there were.
    pub(crate) fn operations(&self) -> u64 {
        u64::try_from(self.get(&COUNT)).unwrap()
    }

    /// From now on the writer's syncs of the log are not done, which is all that
    /// `synchronous=NORMAL` means.
    pub(crate) fn neglect_commits(&self) {
        self.set(&LAZY, 1);
    }

    /// Undoes what is lost when the power goes. The daemon must be dead. How many records of the
    /// journal are undone, wholly or in parts.
    pub(crate) fn cut(&self, mut loss: Loss<'_>) -> usize {
        let journal = self.dir.path().join("journal");
        let bytes = fs::read(&journal).unwrap_or_default();
        let records = records(&bytes);
        let last_sync: BTreeMap<u64, usize> = records
            .iter()
            .enumerate()
            .filter(|(_, record)| record.kind == Kind::Sync)
            .map(|(place, record)| (record.inode, place))
            .collect();
        let mut undone = 0;
        // Names are lost in the opposite order of their making, up to some moment.
        let mut names_go_on = true;
        for (place, record) in records.iter().enumerate().rev() {
            let lasts = last_sync.get(&record.inode).is_some_and(|sync| *sync > place);
            if record.kind == Kind::Sync || lasts {
                continue;
            }
            match &mut loss {
                Loss::Nothing => {}
                Loss::Everything => {
                    undone += 1;
                    record.undo();
                }
                Loss::Some(rng) => match record.kind {
                    Kind::Write | Kind::Truncate => undone += usize::from(record.tear(rng)),
                    Kind::Create | Kind::Rename | Kind::Unlink => {
                        names_go_on &= rng.below(2) == 0;
                        if names_go_on {
                            undone += 1;
                            record.undo();
                        }
                    }
                    Kind::Sync => {}
                },
            }
        }
        for entry in fs::read_dir(self.dir.path()).unwrap() {
            let path = entry.unwrap().path();
            if path != self.dir.path().join("control") {
                fs::remove_file(path).unwrap();
            }
        }
        self.reset();
        undone
    }
}

impl Record {
    /// The file, whatever its name is by now; `None` if it has none.
    fn file(&self) -> Option<File> {
        let mut entries = fs::read_dir(self.path.parent().unwrap()).unwrap().map(Result::unwrap);
        let entry = entries.find(|entry| entry.metadata().unwrap().ino() == self.inode)?;
        Some(OpenOptions::new().read(true).write(true).open(entry.path()).unwrap())
    }

    fn undo(&self) {
        match self.kind {
            Kind::Write => {
                let Some(file) = self.file() else { return };
                file.write_all_at(&self.old, self.offset).unwrap();
                if length(&file) > self.size {
                    file.set_len(self.size).unwrap();
                }
            }
            Kind::Truncate => {
                let Some(file) = self.file() else { return };
                file.set_len(self.size).unwrap();
                file.write_all_at(&self.old, self.offset).unwrap();
            }
            Kind::Create => drop(fs::remove_file(&self.path)),
            Kind::Rename => drop(fs::rename(&self.other, &self.path)),
            Kind::Unlink => drop(fs::rename(&self.other, &self.path)),
            Kind::Sync => {}
        }
    }

    /// Undoes some of it, by chance; whether anything.
    fn tear(&self, rng: &mut Dice) -> bool {
        let Some(file) = self.file() else { return false };
        let there = length(&file);
        if self.kind == Kind::Truncate {
            let lost = there < self.size && rng.below(2) == 0;
            if lost {
                file.set_len(self.size).unwrap();
                // What was written since, up to where the file ends, stays.
                let begin = usize::try_from(there.saturating_sub(self.offset)).unwrap();
                if let Some(rest) = self.old.get(begin..) {
                    file.write_all_at(rest, there.max(self.offset)).unwrap();
                }
            }
            return lost;
        }
        let mut any = false;
        let end = (self.offset + self.done).min(there);
        let mut at = self.offset;
        while at < end {
            let next = ((at / SECTOR + 1) * SECTOR).min(end);
            let from = match rng.below(16) {
                0..8 => next,
                8..15 => at,
                _ => at + rng.below(next - at),
            };
            let before: Vec<u8> = (from..next).map(|place| self.before(place)).collect();
            file.write_all_at(&before, from).unwrap();
            any |= from < next;
            at = next;
        }
        // That the file has grown may be lost as well.
        if there > self.size && self.offset + self.done > self.size && rng.below(4) == 0 {
            file.set_len(self.size).unwrap();
            any = true;
        }
        any
    }

    /// The byte that stood there.
    fn before(&self, place: u64) -> u8 {
        let place = usize::try_from(place - self.offset).unwrap();
        self.old.get(place).copied().unwrap_or(0)
    }
}

fn length(file: &File) -> u64 {
    file.metadata().unwrap().len()
}

/// Reads the journal. The last record may be cut off; then what it tells of was not done.
fn records(bytes: &[u8]) -> Vec<Record> {
    let mut rest = bytes;
    let mut records = Vec::new();
    while let Some((head, mut body)) = rest.split_at_checked(64) {
        let word = |n: usize| u64::from_ne_bytes(head[n * 8..n * 8 + 8].try_into().unwrap());
        let mut take = |length: u64| {
            let (part, left) = body.split_at_checked(usize::try_from(length).unwrap())?;
            body = left;
            Some(part)
        };
        let path = |bytes: &[u8]| Path::new(str::from_utf8(bytes).unwrap()).to_owned();
        let (Some(name), Some(other), Some(old)) = (take(word(6)), take(word(7)), take(word(5)))
        else {
            break;
        };
        let kind = match word(0) {
            1 => Kind::Write,
            2 => Kind::Truncate,
            3 => Kind::Sync,
            4 => Kind::Create,
            5 => Kind::Rename,
            6 => Kind::Unlink,
            other => panic!("a record of kind {other}"),
        };
        records.push(Record {
            kind,
            inode: word(1),
            offset: word(2),
            size: word(3),
            done: word(4),
            path: path(name),
            other: path(other),
            old: old.to_owned(),
        });
        rest = body;
    }
    records
}
