//! Making keys: the first ones, and successors before the old ones end.
//!
//! To look for the primes of a denomination takes long on a small machine, so it happens on threads
//! of its own, and requests are served with the keys there are. New denominations appear all at the
//! same time: merchants ask only for what was issued since they last asked.

use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, Mutex};
use std::{mem, thread};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::failure::Failure;
use super::keys::{self, Keys};
use super::{Error, Kind, Sandbox, lock};
use taler::coin::rsa::RsaPrivateKey;
use taler::time::Timestamp;

/// Most threads that look for primes.
const MAX_THREADS: usize = 4;

/// Whether denominations are being made.
#[derive(Default)]
pub(super) struct Minting {
    going_on: Mutex<bool>,
    over: Condvar,
    /// The same for those who may not block.
    over_for_tasks: Notify,
}

impl Minting {
    /// Begins, if nobody else has.
    fn begin(&self) -> bool {
        !mem::replace(&mut *lock(&self.going_on), true)
    }

    /// Waits for the end.
    pub(super) fn wait(&self) {
        drop(self.over.wait_while(lock(&self.going_on), |going_on| *going_on));
    }

    /// Waits for the next end; one that comes after this call is not missed.
    pub(super) fn next_end(&self) -> Notified<'_> {
        self.over_for_tasks.notified()
    }
}

/// Says when it is over, also after a panic.
struct End(Arc<Minting>);

impl Drop for End {
    fn drop(&mut self) {
        *lock(&self.0.going_on) = false;
        self.0.over.notify_all();
        self.0.over_for_tasks.notify_waiters();
    }
}

impl Sandbox {
    /// Makes what will soon be missing: a key that signs at once, denominations in the background.
    pub(super) fn rotate_keys(&self, now: Timestamp) -> Result<(), Error> {
        let Lacking { lacks_signing_key, kinds } = self.lacking(now);
        if lacks_signing_key {
            self.0.file.change(|tx| keys::insert_signing_key(tx, &self.0.settings.times, now))?;
            self.reload()?;
        }
        if kinds.is_empty() {
            return Ok(());
        }
        if self.0.minting.begin() {
            let (sandbox, minting) = (self.clone(), self.0.minting.clone());
            thread::spawn(move || {
                // Dropped last: a caller that waits for the end may want to close the file next.
                let _end = End(minting);
                let sandbox = sandbox;
                sandbox.mint();
            });
        }
        Ok(())
    }

    /// What is missing, or will be soon.
    fn lacking(&self, now: Timestamp) -> Lacking {
        let (keys, settings) = (self.keys(), &self.0.settings);
        Lacking {
            lacks_signing_key: !keys.can_sign(&settings.times, now),
            kinds: keys.lacking(&settings.denominations, &settings.times, now),
        }
    }

    /// Makes the denominations that are missing.
    fn mint(&self) {
        let kinds = self.lacking(self.now()).kinds;
        log::info!("sandbox: making {} denominations", kinds.len());
        match self.grow(&kinds).and_then(|keys| self.issue(&kinds, &keys)) {
            Ok(()) => log::info!("sandbox: the denominations are made"),
            Err(failure) => log::error!("sandbox: no new denominations: {failure}"),
        }
    }

    /// A key for each kind.
    fn grow(&self, kinds: &[Kind]) -> Result<Vec<RsaPrivateKey>, Failure> {
        let bits = self.0.settings.key_bits;
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MAX_THREADS);
        let (wanted, grown) = (Mutex::new(kinds.len()), Mutex::new(Vec::new()));
        let work = || -> Result<(), Failure> {
            loop {
                {
                    let mut wanted = lock(&wanted);
                    let Some(left) = wanted.checked_sub(1) else { return Ok(()) };
                    *wanted = left;
                }
                let key = RsaPrivateKey::from_seed(&system::random()?, bits)
                    .map_err(|_| Failure::Bug("no RSA key of this size"))?;
                lock(&grown).push(key);
            }
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            workers.into_iter().try_for_each(|worker| {
                worker.join().unwrap_or(Err(Failure::Bug("looking for primes panicked")))
            })
        })?;
        Ok(grown.into_inner().unwrap_or_default())
    }

    /// Issues the denominations from now on.
    fn issue(&self, kinds: &[Kind], keys: &[RsaPrivateKey]) -> Result<(), Failure> {
        let (times, now) = (&self.0.settings.times, self.now());
        self.0.file.change(|tx| {
            kinds.iter().zip(keys).try_for_each(|(kind, key)| {
                keys::insert_denomination(tx, self.0.money, kind, key, (times, now))
            })
        })?;
        self.reload().map_err(|_| Failure::Bug("a key that was just kept cannot be read"))
    }

    /// Reads the keys anew.
    pub(super) fn reload(&self) -> Result<(), Error> {
        // Held meanwhile, so that an older reading does not replace a newer one.
        let mut keys = lock(&self.0.keys);
        *keys = Arc::new(Keys::load(&self.0.file, self.0.money)?);
        Ok(())
    }
}

/// What is missing, or will be soon.
struct Lacking {
    lacks_signing_key: bool,
    kinds: Vec<Kind>,
}
