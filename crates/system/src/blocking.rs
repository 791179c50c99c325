//! Work that blocks, off the threads that answer requests.

use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

/// Has `work` done where it may block, to its end even if nobody waits for it any more. `None` if it panicked,
/// or never began because the process is ending.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (reply, answer) = oneshot::channel();
    // In a box: a kind of task for each kind of work would make the program much larger.
    let job: Box<dyn FnOnce() + Send> = Box::new(move || {
        let _ = reply.send(work());
    });
    spawn_blocking(job);
    answer.await.ok()
}

#[cfg(test)]
mod tests {
    use super::blocking;

    #[tokio::test]
    async fn work_that_panics_gives_nothing() {
        assert_eq!(blocking(|| 7).await, Some(7));
        assert_eq!(blocking::<u32>(|| panic!("as expected")).await, None);
    }
}
