//! What the daemon and the system tell each other: that it is ready, that it is well, how many files
//! it may open, what time it is, when a client has gone, and that it ends in time.

use std::thread;
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use actix_web::web::Data;
use rustix::net::sockopt::set_tcp_user_timeout;
use sd_notify::NotifyState;

use crate::till::Till;
use system::clock::{Clock, ClockProblem, clock_problem, show};
use system::log_limit;
use taler::time::Timestamp;

/// When the daemon is gone, whatever still hangs.
const DEADLINE: Duration = Duration::from_millis(1800);

/// Tells systemd, if it asked to be told.
pub(super) fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        log::warn!("cannot tell systemd: {error}");
    }
}

/// Tells systemd again and again that all is well, as long as the store can be read and written.
pub(super) async fn feed_watchdog(till: Data<Till>) {
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    let mut tick = tokio::time::interval(limit / 2);
    loop {
        tick.tick().await;
        match till.ready().await {
            Ok(()) => notify(&[NotifyState::Watchdog]),
            Err(error) => log::error!("not well: {error}"),
        }
    }
}

/// Writes once a minute how many log lines were counted instead of written.
pub(super) async fn write_log_counts() {
    loop {
        tokio::time::sleep(log_limit::WINDOW).await;
        log_limit::write_counts();
    }
}

/// Says in the log that the clock cannot be right, if what is in the file shows it. The daemon runs
/// all the same: cash needs no clock, polls have one of their own, and most clocks are set in a moment.
pub(super) fn warn_if_clock_is_off(clock: &Clock, newest: Option<Timestamp>) {
    let now = clock.now();
    let why = match clock_problem(now, newest) {
        None => return,
        Some(ClockProblem::NeverSet) => "which is long ago".to_owned(),
        Some(ClockProblem::Behind(secs)) => {
            format!("{secs} s before the newest entry in the file was made")
        }
    };
    log::warn!(
        "the clock says {}, {why}; until it is set, new orders have wrong deadlines: \
         timedatectl set-ntp true",
        show(now)
    );
}

/// Was this process started so that SIGHUP does not reach it, as `nohup` does? Read from the system's
/// own list, in which the lowest bit stands for signal 1.
pub(super) fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 == 1)
}

/// How many files and connections may be open at one time, after asking for as many as are useful.
pub(super) fn descriptors() -> u64 {
    rlimit::increase_nofile_limit(65_536).unwrap_or_else(|error| {
        log::warn!("the limit on open files stays as it is: {error}");
        rlimit::Resource::NOFILE.get_soft().unwrap_or(1024)
    })
}

/// Has the system end a connection whose client takes nothing of what it is sent for so long: nobody
/// else would, and its answer would be kept in memory.
pub(super) fn set_user_timeout(stream: &TcpStream, patience: Duration) {
    let patience = u32::try_from(patience.as_millis()).unwrap_or(u32::MAX);
    if let Err(error) = set_tcp_user_timeout(stream, patience) {
        log::debug!("a connection has no limit for its answers: {error}");
    }
}

/// Ends the process after a while if nothing else does.
pub(super) fn exit_after_deadline() {
    thread::spawn(|| {
        thread::park_timeout(DEADLINE);
        log::warn!("something did not stop in time; ending anyway, nothing confirmed is lost");
        std::process::exit(0);
    });
}
