//! Records the base URLs by which a shop's own programs and browsers reach the daemon.
//!
//! Without a configured base URL, an order names the one of its request. That is safe
//! for the shop's own orders. A client without a token can send any address, and a contract that is signed with it
//! would send wallets there; so public orders name an address that the shop itself has used.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Error, Principal, Till, alive};
use crate::model::instance::InstanceSerial;
use crate::store::addresses::{self, MAX_ADDRESSES};
use crate::store::{self, instances};
use taler::ids::InstanceId;
use taler::web::BaseUrl;

/// Addresses stored since the start, so that each is stored once.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept(Arc<Mutex<HashMap<InstanceSerial, Vec<BaseUrl>>>>);

impl Kept {
    /// Notes the address; whether it is new.
    fn note(&self, instance: InstanceSerial, root: &BaseUrl) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let roots = kept.entry(instance).or_default();
        if roots.contains(root) {
            return false;
        }
        if roots.len() >= usize::from(MAX_ADDRESSES) {
            roots.remove(0);
        }
        roots.push(root.clone());
        true
    }
}

impl Till {
    /// Keeps that the principal's shop found the daemon at `root`, without waiting for it.
    pub fn note_address(&self, principal: &Principal, root: &BaseUrl) {
        let instance = principal.instance.serial;
        if self.addresses.note(instance, root) {
            let (root, now) = (root.clone(), self.clock.now());
            // Should this get lost, the next start keeps it.
            let _ = self.store.write_behind(move |tx| addresses::upsert(tx, instance, &root, now));
        }
    }

    /// The daemon's addresses that the shop itself has used, the latest first.
    ///
    /// # Errors
    /// [`Error::InstanceUnknown`], [`Error::InstanceDeleted`].
    pub fn addresses(&self, instance: &InstanceId) -> Result<Vec<BaseUrl>, Error> {
        let (found, kept) = self.store.read_in_place::<_, store::Error>(|db| {
            let found = instances::find(db, instance)?;
            let kept = match &found {
                Some(instance) => addresses::list(db, instance.serial)?,
                None => Vec::new(),
            };
            Ok((found, kept))
        })?;
        alive(found, instance)?;
        Ok(kept)
    }
}
