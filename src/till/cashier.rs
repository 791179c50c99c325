//! Cashiers: people who sell and see today's sales, and nothing else (decision 170).
//!
//! A cashier signs in with a PIN, which is short, so it is looked at only in a browser that the owner has named a till, and only a
//! few times. Wrong PINs are counted for each cashier apart: they lock nobody else out, least of all the owner.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::access::ClientAddr;
use super::lookup::still_there;
use super::web_session::web_session_of;
use super::{CreateToken, Error, IssuedToken, Password, Principal, Till, alive};
use crate::model::access::{Scope, TokenKind, TokenScope};
use crate::model::business_day::Calendar;
use crate::model::cashier::{
    Cashier, CashierName, CashierSerial, MAX_CASHIERS, MAX_DEVICES, TillDevice, is_pin,
};
use crate::model::instance::Instance;
use crate::model::invalid_field::InvalidField;
use crate::model::order::{CounterPayment, Order};
use crate::store::reports::{self, Range};
use crate::store::{cashiers, instances};
use system::log_limit;
use taler::time::Timestamp;

/// Most of today's sales that a cashier sees: the newest.
const MAX_SALES: usize = 200;
/// Sales that are read at once.
const PAGE: u32 = 500;

/// What became of a new cashier or till.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Added<T> {
    /// It was added.
    Done(T),
    /// There is one of this name.
    NameTaken,
    /// There are as many as there may be.
    TooMany,
}

/// A sale of today.
#[derive(Clone, Debug)]
pub struct Sale {
    /// The order.
    pub order: Order,
    /// How it was paid at the counter; `None`: with coins.
    pub counter: Option<CounterPayment>,
    /// Whose it is; `None`: no cashier's.
    pub cashier: Option<String>,
}

/// What a browser's cookie says, as it is stored.
fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

fn pin_of(text: &str) -> Result<Password, InvalidField> {
    if is_pin(text) { Password::parse(text) } else { Err(InvalidField("pin")) }
}

/// When the business day of `now` began, and when the next one begins.
fn today(calendar: &Calendar, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let day = calendar.day_of(now)?;
    Some((calendar.start_of(day, 0)?, calendar.start_of(day, 1)?))
}

impl Till {
    /// The cashiers of the principal's shop who may sign in, the oldest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn cashiers(&self, principal: &Principal) -> Result<Vec<Cashier>, Error> {
        let serial = principal.instance.serial;
        Ok(self.store.read_in_place(|db| cashiers::list(db, serial, MAX_CASHIERS))?)
    }

    /// The browsers at which cashiers of the principal's shop may sign in, the oldest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn till_devices(&self, principal: &Principal) -> Result<Vec<TillDevice>, Error> {
        let serial = principal.instance.serial;
        Ok(self.store.read_in_place(|db| cashiers::devices(db, serial, MAX_DEVICES))?)
    }

    /// Adds a cashier.
    ///
    /// # Errors
    /// [`Error::InvalidField`] for a PIN that is none; [`Error::Overloaded`], [`Error::InstanceUnknown`],
    /// [`Error::InstanceDeleted`].
    pub async fn add_cashier(
        &self,
        principal: &Principal,
        name: CashierName,
        pin: &str,
    ) -> Result<Added<()>, Error> {
        let pin_hash = self.passwords.hash(pin_of(pin)?).await?;
        let (serial, shop) = (principal.instance.serial, principal.instance.id.clone());
        let now = self.clock.now();
        let added = self
            .store
            .write::<_, Error>(move |tx| {
                still_there(tx, serial, &shop)?;
                if cashiers::count(tx, serial)? >= MAX_CASHIERS {
                    return Ok(Added::TooMany);
                }
                Ok(match cashiers::insert(tx, serial, &name, &pin_hash, now)? {
                    true => Added::Done(()),
                    false => Added::NameTaken,
                })
            })
            .await?;
        if added == Added::Done(()) {
            log::info!("{}: added a cashier, {}", principal.instance.id, principal.means());
        }
        Ok(added)
    }

    /// Gives a cashier another PIN, which ends the cashier's web sessions and a lock. `false` if there is no such
    /// cashier.
    ///
    /// # Errors
    /// [`Error::InvalidField`] for a PIN that is none; [`Error::Overloaded`].
    pub async fn set_pin(
        &self,
        principal: &Principal,
        cashier: CashierSerial,
        pin: &str,
    ) -> Result<bool, Error> {
        let pin_hash = self.passwords.hash(pin_of(pin)?).await?;
        let is_changed = self.change_pin(principal, cashier, Some(pin_hash)).await?;
        if is_changed {
            let (id, means) = (&principal.instance.id, principal.means());
            log::info!("{id}: set the PIN of cashier {}, {means}", cashier.0);
        }
        Ok(is_changed)
    }

    /// Ends the web sessions of a cashier, who can sign in no more. The sales keep the name. `false` if there is no such
    /// cashier.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn remove_cashier(
        &self,
        principal: &Principal,
        cashier: CashierSerial,
    ) -> Result<bool, Error> {
        let is_removed = self.change_pin(principal, cashier, None).await?;
        if is_removed {
            let (id, means) = (&principal.instance.id, principal.means());
            log::info!("{id}: removed cashier {}, {means}", cashier.0);
        }
        Ok(is_removed)
    }

    async fn change_pin(
        &self,
        principal: &Principal,
        cashier: CashierSerial,
        pin_hash: Option<String>,
    ) -> Result<bool, Error> {
        let serial = principal.instance.serial;
        self.store
            .write(move |tx| {
                let is_changed = cashiers::set_pin(tx, serial, cashier, pin_hash.as_deref())?;
                if is_changed {
                    cashiers::end_sessions(tx, cashier)?;
                }
                Ok(is_changed)
            })
            .await
    }

    /// Lets cashiers sign in at the browser that gets the returned text as its cookie. It outlives the web session, so it takes
    /// the owner's password.
    ///
    /// # Errors
    /// [`Error::NotAuthorized`] for a wrong password, [`Error::TooManyAttempts`], [`Error::Overloaded`],
    /// [`Error::InstanceUnknown`], [`Error::InstanceDeleted`].
    pub async fn add_till_device(
        &self,
        principal: &Principal,
        password: Password,
        client: Option<IpAddr>,
        browser: &str,
    ) -> Result<Added<String>, Error> {
        self.check_password(&principal.instance, password, client).await?;
        let secret = self.random_token()?;
        let (hash, now) = (hash(&secret), self.clock.now());
        let (serial, shop) = (principal.instance.serial, principal.instance.id.clone());
        let browser = super::web_session::shortened(browser);
        let device = self
            .store
            .write::<_, Error>(move |tx| {
                still_there(tx, serial, &shop)?;
                if cashiers::count_devices(tx, serial)? >= MAX_DEVICES {
                    return Ok(None);
                }
                Ok(Some(cashiers::insert_device(tx, serial, &hash, &browser, now)?))
            })
            .await?;
        let Some(device) = device else { return Ok(Added::TooMany) };
        let id = &principal.instance.id;
        log::info!("{id}: added till {device} with the password, {}", ClientAddr(client));
        Ok(Added::Done(secret))
    }

    /// Lets cashiers sign in at a browser no more; `false` if there is none of this number.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn remove_till_device(
        &self,
        principal: &Principal,
        device: i64,
    ) -> Result<bool, Error> {
        let serial = principal.instance.serial;
        let is_removed = self
            .store
            .write::<_, Error>(move |tx| Ok(cashiers::delete_device(tx, serial, device)?))
            .await?;
        if is_removed {
            log::info!("{}: removed till {device}, {}", principal.instance.id, principal.means());
        }
        Ok(is_removed)
    }

    /// The shop at whose till a browser with this cookie is, and its cashiers; `None` if it is no till.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn cashiers_at(&self, secret: &str) -> Result<Option<(Instance, Vec<Cashier>)>, Error> {
        let hash = hash(secret);
        self.store.read_in_place(|db| {
            let Some((serial, _)) = cashiers::device(db, &hash)? else { return Ok(None) };
            let Some(instance) = instances::find_by_serial(db, serial)? else { return Ok(None) };
            let id = instance.id.clone();
            let Ok(instance) = alive(Some(instance), &id) else { return Ok(None) };
            Ok(Some((instance, cashiers::list(db, serial, MAX_CASHIERS)?)))
        })
    }

    /// Starts the web session of a cashier at the till with this cookie.
    ///
    /// # Errors
    /// [`Error::NotAuthorized`] when the browser is no till, there is no such cashier, or the PIN is wrong;
    /// [`Error::TooManyAttempts`] while the cashier is locked; [`Error::Overloaded`].
    pub async fn sign_in_cashier(
        &self,
        secret: &str,
        cashier: CashierSerial,
        pin: &str,
        client: Option<IpAddr>,
        browser: &str,
    ) -> Result<IssuedToken, Error> {
        let Some((instance, _)) = self.cashiers_at(secret)? else {
            return Err(Error::NotAuthorized);
        };
        let serial = instance.serial;
        let pin = pin_of(pin).map_err(|_| Error::NotAuthorized)?;
        let now = self.clock.now();
        // Counted as wrong before it is looked at: attempts at the same time count as well.
        let pin_hash = self
            .store
            .write::<_, Error>(move |tx| {
                let found =
                    cashiers::find_active(tx, cashier)?.filter(|one| one.instance == serial);
                let found = found.ok_or(Error::NotAuthorized)?;
                if let Some(lock) = found.lock(now) {
                    let lock = lock.duration().unwrap_or(Duration::MAX);
                    return Err(Error::TooManyAttempts(lock));
                }
                let (wrong_pins, locked_until) = found.counted(now);
                cashiers::count_wrong_pin(tx, cashier, wrong_pins, locked_until)?;
                found.pin_hash.ok_or(Error::NotAuthorized)
            })
            .await?;
        if !self.passwords.verify(pin, pin_hash.clone()).await? {
            let (id, client) = (&instance.id, ClientAddr(client));
            let line = format_args!("{id}: wrong PIN of cashier {}, {client}", cashier.0);
            log_limit::warn("wrong PINs", line);
            return Err(Error::NotAuthorized);
        }
        self.store
            .write::<_, Error>(move |tx| {
                // The owner may have given another PIN meanwhile.
                let found = cashiers::find_active(tx, cashier)?
                    .filter(|one| one.pin_hash == Some(pin_hash));
                found.ok_or(Error::NotAuthorized)?;
                Ok(cashiers::count_wrong_pin(tx, cashier, 0, None)?)
            })
            .await?;
        let (browser, duration) = web_session_of(browser)?;
        let wish = CreateToken {
            scope: TokenScope { scope: Scope::OrderPos, refreshable: false },
            duration: Some(duration),
            description: None,
        };
        let kind = TokenKind::Web { browser, cashier: Some(cashier) };
        let id = instance.id.clone();
        let issued = self.make_token(&Principal::of(instance), wish, kind).await?;
        let (token, client) = (issued.serial, ClientAddr(client));
        log::info!("{id}: created token {token} of cashier {} with the PIN, {client}", cashier.0);
        Ok(issued)
    }

    /// The newest of today's sales of the principal's shop, the newest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn sales_today(&self, principal: &Principal) -> Result<Vec<Sale>, Error> {
        let calendar = principal.calendar();
        let (serial, now) = (principal.instance.serial, self.clock.now());
        let Some((from, until)) = today(&calendar, now) else { return Ok(Vec::new()) };
        self.store
            .read(move |db| {
                let mut range = Range { from, until, beyond: 0 };
                let mut sales = VecDeque::new();
                loop {
                    let page = reports::paid(db, serial, range, PAGE)?;
                    let is_full = u32::try_from(page.len()).is_ok_and(|count| count == PAGE);
                    for paid in page {
                        if let Some(at) = paid.order.paid.as_ref().map(|paid| paid.at) {
                            range = Range { from: at, beyond: paid.order.serial.0, ..range };
                        }
                        sales.push_front(paid);
                        sales.truncate(MAX_SALES);
                    }
                    if !is_full {
                        break;
                    }
                }
                let sale = |paid: reports::PaidOrder| {
                    let cashier = cashiers::seller(db, paid.order.serial)?;
                    Ok(Sale { order: paid.order, counter: paid.counter, cashier })
                };
                sales.into_iter().map(sale).collect()
            })
            .await
    }

    /// Checks that the principal may see `order`: a cashier sees what was ordered or paid today.
    ///
    /// # Errors
    /// [`Error::OrderUnknown`] if not.
    pub(super) fn check_visible(&self, principal: &Principal, order: &Order) -> Result<(), Error> {
        if principal.cashier.is_none() {
            return Ok(());
        }
        let begin = today(&principal.calendar(), self.clock.now());
        let last =
            order.paid.as_ref().map_or(order.created_at, |paid| paid.at.max(order.created_at));
        match begin {
            Some((begin, _)) if last >= begin => Ok(()),
            _ => Err(Error::OrderUnknown(order.order_id.clone())),
        }
    }
}
