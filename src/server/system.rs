//! What the daemon and the system tell each other: that it is ready, that it is well, how many files
//! it may open, and that it ends in time.

use std::thread;
use std::time::Duration;

use actix_web::web::Data;
use sd_notify::NotifyState;

use crate::till::Till;

/// When the daemon is gone, whatever still hangs.
const DEADLINE: Duration = Duration::from_millis(1800);

/// Tells systemd, if it asked to be told.
pub(super) fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        log::warn!("cannot tell systemd: {error}");
    }
}

/// Tells systemd again and again that all is well, as long as the store can be read and written.
pub(super) async fn watch(till: Data<Till>) {
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

/// How many files and connections may be open at one time, after asking for as many as are useful.
pub(super) fn descriptors() -> u64 {
    rlimit::increase_nofile_limit(65_536).unwrap_or_else(|error| {
        log::warn!("the limit on open files stays as it is: {error}");
        rlimit::Resource::NOFILE.get_soft().unwrap_or(1024)
    })
}

/// Ends the process after a while if nothing else does.
pub(super) fn insist() {
    thread::spawn(|| {
        thread::park_timeout(DEADLINE);
        log::warn!("something did not stop in time; ending anyway, nothing confirmed is lost");
        std::process::exit(0);
    });
}
