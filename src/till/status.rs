//! How the shop is doing, for its keeper who wants to know whether all is well.

use super::{Clerk, Error, ExchangeState, Kyc, Till};
use crate::model::account::Account;
use crate::store::premises::Premises;
use crate::store::{accounts, orders};
use taler::time::Timestamp;

/// How a shop is doing.
#[derive(Debug)]
pub struct ShopStatus {
    /// When it was paid last; `None`: never.
    pub last_payment: Option<Timestamp>,
    /// Its accounts in use.
    pub accounts: Vec<Account>,
    /// The exchanges that are trusted, in the operator's order.
    pub exchanges: Vec<ExchangeState>,
    /// How each exchange stands to each account in use, as far as is known.
    pub kyc: Vec<Kyc>,
    /// How the daemon is doing, which is nobody's business but the special instance's.
    pub machine: Option<Machine>,
}

/// How the daemon is doing that all its shops share.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// How many wait for news.
    pub polls: usize,
    /// The database, its backups, and the disk.
    pub premises: Premises,
}

impl Till {
    /// How the clerk's shop is doing. Nothing outside the machine is waited for.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn shop_status(&self, clerk: &Clerk) -> Result<ShopStatus, Error> {
        let instance = clerk.instance.serial;
        let store = clerk.instance.id.is_admin().then(|| self.store.clone());
        let (last_payment, mut accounts, premises) = self
            .store
            .read::<_, Error>(move |db| {
                let last_payment = orders::last_paid(db, instance)?;
                let accounts = accounts::list(db, instance)?;
                Ok((last_payment, accounts, store.map(|store| store.premises())))
            })
            .await?;
        accounts.retain(|account| account.active);
        let machine = premises.map(|premises| Machine { polls: self.hub.stats().parked, premises });
        let kyc = self.known_kyc(clerk, &accounts)?;
        let exchanges = self.exchange_states();
        Ok(ShopStatus { last_payment, accounts, exchanges, kyc, machine })
    }
}
