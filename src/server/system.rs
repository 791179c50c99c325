//! The daemon's dealings with the system: readiness, watchdog, file limit, clock, socket timeouts,
//! and the deadline for its end.

use std::thread;
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use actix_web::web::Data;
use rustix::net::sockopt::set_tcp_user_timeout;
use sd_notify::NotifyState;

use crate::till::{Finding, Till};
use system::clock::{Clock, ClockProblem, clock_problem, show};
use system::log_limit;
use taler::time::Timestamp;

/// Time after a signal at which the process ends, even if something hangs.
const DEADLINE: Duration = Duration::from_millis(1800);

/// Notifies systemd, if it started the daemon with a notification socket.
pub(super) fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        log::warn!("cannot notify systemd: {error}");
    }
}

/// Sends systemd's watchdog a sign of life while the store can be read and written.
pub(super) async fn feed_watchdog(till: Data<Till>) {
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    let mut tick = tokio::time::interval(limit / 2);
    loop {
        tick.tick().await;
        match till.readiness().await {
            Finding::Database(Some(error)) => log::error!("unhealthy: {error}"),
            _ => notify(&[NotifyState::Watchdog]),
        }
    }
}

/// Logs once a minute how many lines the log limit has suppressed.
pub(super) async fn write_log_counts() {
    loop {
        tokio::time::sleep(log_limit::WINDOW).await;
        log_limit::write_counts();
    }
}

/// Logs a warning if the database shows that the clock is wrong. The daemon runs
/// anyway: cash needs no clock, polls use the monotonic one, and most clocks are set soon.
pub(super) fn warn_if_clock_is_off(clock: &Clock, newest: Option<Timestamp>) {
    let now = clock.now();
    let why = match clock_problem(now, newest) {
        None => return,
        Some(ClockProblem::NeverSet) => "which is long ago".to_owned(),
        Some(ClockProblem::Behind(secs)) => {
            format!("{secs} s before the newest entry in the database")
        }
    };
    log::warn!(
        "the clock says {}, {why}; until it is set, new orders have wrong deadlines: \
         timedatectl set-ntp true",
        show(now)
    );
}

/// Whether this process ignores SIGHUP, as after `nohup`. Read from the system's
/// own list, whose lowest bit is signal 1.
pub(super) fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 == 1)
}

/// The limit on open files, after raising it as far as is useful.
pub(super) fn descriptors() -> u64 {
    rlimit::increase_nofile_limit(65_536).unwrap_or_else(|error| {
        log::warn!("cannot raise the limit on open files: {error}");
        rlimit::Resource::NOFILE.get_soft().unwrap_or(1024)
    })
}

/// Makes the system close a connection whose client acknowledges nothing for this time: otherwise
/// its answer stays in memory.
pub(super) fn set_user_timeout(stream: &TcpStream, patience: Duration) {
    let patience = u32::try_from(patience.as_millis()).unwrap_or(u32::MAX);
    if let Err(error) = set_tcp_user_timeout(stream, patience) {
        log::debug!("cannot set a timeout for a connection's answers: {error}");
    }
}

/// Ends the process at the deadline if it has not ended.
pub(super) fn exit_after_deadline() {
    thread::spawn(|| {
        thread::park_timeout(DEADLINE);
        log::warn!("not stopped in time; exiting, no confirmed change is lost");
        std::process::exit(0);
    });
}
