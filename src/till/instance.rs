//! Use cases of instances: create, show, change, delete (merchant-api 6.1 and 6.2).

use std::net::IpAddr;

use super::access::{ClientAddr, static_token};
use super::exchange_refunds::refund_coins;
use super::pay::ledger::OrderLedger;
use super::{ApiToken, Error, Password, Principal, Till};
use crate::model::access::{NewToken, Permission};
use crate::model::business_day::Calendar;
use crate::model::instance::{Instance, InstanceSerial, InstanceSettings, NewInstance, Unfinished};
use crate::model::invalid_field::InvalidField;
use crate::store::deposits::Deposit;
use crate::store::{Tx, accounts, coin_refunds, instances, orders, partial_payments, tokens};
use system::clock::time_zone;
use system::random;
use taler::ids::InstanceId;
use taler::sign::SigningKey;
use taler::time::Timestamp;

/// Credentials of an instance's owner.
#[derive(Clone, Debug)]
pub enum Auth {
    /// By a password, traded for tokens.
    Password(Password),
    /// By a fixed token of the owner's own choice, as before protocol 19.
    Token(ApiToken),
}

/// The request to create an instance.
#[derive(Clone, Debug)]
pub struct CreateInstance {
    /// Its name in URLs.
    pub id: InstanceId,
    /// The instance's settings.
    pub settings: InstanceSettings,
    /// The owner's credentials; `None`: no access over HTTP.
    pub auth: Option<Auth>,
}

/// When an instance that is deleted is gone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Deletion {
    /// Now.
    Done,
    /// When exchanges have confirmed the pending refunds. The instance cannot be used from now on.
    WhenAnswered(Unfinished),
}

/// An instance with a key of its own, to be kept.
pub(super) fn create(
    id: InstanceId,
    settings: InstanceSettings,
    password_hash: Option<String>,
    created_at: Timestamp,
) -> Result<NewInstance, Error> {
    let signing_key = SigningKey::from_seed(random::<32>()?);
    Ok(NewInstance { id, settings, signing_key, password_hash, created_at })
}

impl Till {
    /// Creates an instance with a key of its own. Asking again for the same is no error.
    ///
    /// # Errors
    /// [`Error::InstanceExists`] when the name has other settings or another password,
    /// [`Error::PurgeRequired`], [`Error::InvalidField`].
    pub async fn create_instance(&self, wish: CreateInstance) -> Result<Instance, Error> {
        let CreateInstance { id, settings, auth } = wish;
        settings.check()?;
        let wanted = id.clone();
        if let Some(there) = self.store.read(move |db| instances::find(db, &wanted)).await? {
            return self.same_instance(there, &settings, auth).await;
        }
        let password_hash = match &auth {
            Some(Auth::Password(password)) => Some(self.passwords.hash(password.clone()).await?),
            _ => None,
        };
        let now = self.clock.now();
        let new = create(id.clone(), settings.clone(), password_hash, now)?;
        let fixed = match &auth {
            Some(Auth::Token(key)) => Some(static_token(key, now)),
            _ => None,
        };
        let (made, there) = self
            .store
            .write::<_, Error>(move |tx| {
                let made = instances::insert(tx, &new)?;
                if let (Some(serial), Some(token)) = (made, &fixed) {
                    keep_static(tx, serial, token)?;
                }
                Ok((made.is_some(), instances::find(tx, &new.id)?))
            })
            .await?;
        match there {
            Some(there) if made => Ok(there),
            // Another request was faster.
            Some(there) => self.same_instance(there, &settings, auth).await,
            None => Err(Error::InstanceUnknown(id)),
        }
    }

    /// `there` if it is just what was asked for.
    async fn same_instance(
        &self,
        there: Instance,
        settings: &InstanceSettings,
        auth: Option<Auth>,
    ) -> Result<Instance, Error> {
        if there.is_deleted() {
            return Err(Error::PurgeRequired(there.id));
        }
        let same_auth = match (auth, &there.password_hash) {
            (None, _) => true,
            (Some(Auth::Password(password)), Some(hash)) => {
                self.passwords.verify(password, hash.clone()).await?
            }
            (Some(Auth::Password(_)), None) => false,
            (Some(Auth::Token(key)), _) => self.admit(&there.id, Some(&key), None).is_ok(),
        };
        // No client of the protocol knows of it, so it makes no difference.
        let business_day = there.settings.business_day.clone();
        let settings = InstanceSettings { business_day, ..settings.clone() };
        if same_auth && there.settings == settings {
            Ok(there)
        } else {
            Err(Error::InstanceExists(there.id))
        }
    }

    /// All instances, deleted ones too, in the order in which they were made.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn instances(&self) -> Result<Vec<Instance>, Error> {
        self.store.read(|db| Ok(instances::list(db)?)).await
    }

    /// All instances with the kinds of account that each has in use (`iban`, `x-taler-bank`).
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn directory(&self) -> Result<Vec<(Instance, Vec<String>)>, Error> {
        self.store
            .read(|db| {
                let mut rows = Vec::new();
                for instance in instances::list(db)? {
                    let mut kinds: Vec<String> = accounts::list(db, instance.serial)?
                        .iter()
                        .filter(|account| account.active)
                        .map(|account| account.payto_uri.wire_method().to_owned())
                        .collect();
                    kinds.sort();
                    kinds.dedup();
                    rows.push((instance, kinds));
                }
                Ok(rows)
            })
            .await
    }

    /// The business days of the shop `id`; those of the daemon's time zone if there is no such shop.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn calendar(&self, id: &InstanceId) -> Result<Calendar, Error> {
        let day =
            self.store.read_in_place(|db| Ok::<_, Error>(instances::business_day(db, id)?))?;
        Ok(day.unwrap_or_default().calendar(&time_zone()))
    }

    /// Gives the instance `id` new settings: what `change` makes of the old ones.
    ///
    /// # Errors
    /// [`Error::InstanceUnknown`], [`Error::PatchOfDeleted`], [`Error::InvalidField`].
    pub async fn change_instance(
        &self,
        id: &InstanceId,
        change: impl FnOnce(&InstanceSettings) -> InstanceSettings + Send + 'static,
    ) -> Result<(), Error> {
        let id = id.clone();
        self.store
            .write(move |tx| {
                let there = instances::find(tx, &id)?;
                let there = there.ok_or_else(|| Error::InstanceUnknown(id.clone()))?;
                if there.is_deleted() {
                    return Err(Error::PatchOfDeleted(id));
                }
                let settings = change(&there.settings);
                settings.check()?;
                // An unknown zone in the stored settings must not prevent other changes.
                if settings.business_day != there.settings.business_day {
                    settings.business_day.check()?;
                }
                Ok(instances::update(tx, there.serial, &settings)?)
            })
            .await
    }

    /// Takes the key from the instance `id`, its passwords and its tokens; its history stays. While
    /// money of it is under way that goes by `force` only: then coins that did not pay for anything are
    /// refunded, refunds not yet collected are sent, and the key stays until the last of them is
    /// answered.
    ///
    /// # Errors
    /// [`Error::InstanceUnknown`], [`Error::InstanceDeleted`], [`Error::InstanceUnfinished`].
    pub async fn delete_instance(&self, id: &InstanceId, force: bool) -> Result<Deletion, Error> {
        let (id, now) = (id.clone(), self.clock.now());
        let deletion = self.store.write(move |tx| {
            let there = super::alive(instances::find(tx, &id)?, &id)?;
            match unfinished_of(tx, there.serial, force)? {
                None => {
                    instances::delete(tx, there.serial)?;
                    Ok(Deletion::Done)
                }
                Some(_) => give_all_back(tx, there.serial, false, now),
            }
        });
        let deletion = deletion.await?;
        self.pending_work.notify_one();
        Ok(deletion)
    }

    /// Removes the instance `id` and everything of it, deleted or not. While money of it is under way
    /// that goes by `force` only: it is deleted as by [`Till::delete_instance`], and removed when its
    /// last refund is answered. One that was deleted without its key can ask for nothing, and is removed
    /// at once.
    ///
    /// # Errors
    /// [`Error::InstanceUnknown`], [`Error::InstanceUnfinished`].
    pub async fn purge_instance(&self, id: &InstanceId, force: bool) -> Result<Deletion, Error> {
        let (id, now) = (id.clone(), self.clock.now());
        let deletion = self.store.write(move |tx| {
            let there = instances::find(tx, &id)?.ok_or(Error::InstanceUnknown(id))?;
            let unfinished = unfinished_of(tx, there.serial, force)?;
            if unfinished.is_none() || instances::refund_key(tx, there.serial)?.is_none() {
                instances::purge(tx, there.serial)?;
                return Ok(Deletion::Done);
            }
            give_all_back(tx, there.serial, true, now)
        });
        let deletion = deletion.await?;
        self.pending_work.notify_one();
        Ok(deletion)
    }

    /// Gives the principal's instance a new password or a new fixed token. Either takes the place of
    /// both. All other web sessions end; tokens created on request stay
    /// valid until they expire or are revoked.
    ///
    /// # Errors
    /// [`Error::InstanceDeleted`] when it went meanwhile.
    pub async fn set_auth(&self, principal: &Principal, auth: Auth) -> Result<(), Error> {
        let now = self.clock.now();
        let (hash, fixed) = match auth {
            Auth::Password(password) => (Some(self.passwords.hash(password).await?), None),
            Auth::Token(key) => (None, Some(static_token(&key, now))),
        };
        let (serial, id) = (principal.instance.serial, principal.instance.id.clone());
        let own = principal.token();
        self.store
            .write(move |tx| {
                super::alive(instances::find(tx, &id)?, &id)?;
                instances::set_password(tx, serial, hash.as_deref())?;
                tokens::delete_static(tx, serial)?;
                if let Some(token) = &fixed {
                    keep_static(tx, serial, token)?;
                }
                Ok(tokens::delete_web_sessions(tx, serial, own)?)
            })
            .await
    }

    /// Gives the principal's instance a new password in place of `old`, which is asked for because the
    /// shopkeeper may have left the desk. `peer` is the client's address, by which attempts are counted,
    /// together with those to sign in. For the rest as [`Till::set_auth`].
    ///
    /// # Errors
    /// [`Error::NotAuthorized`] when `old` is another one, [`Error::TooManyAttempts`],
    /// [`Error::Overloaded`], [`Error::InstanceDeleted`] when it went meanwhile.
    pub async fn change_password(
        &self,
        principal: &Principal,
        old: Password,
        new: Password,
        client: Option<IpAddr>,
    ) -> Result<(), Error> {
        self.confirm(principal, old, client).await?;
        self.set_auth(principal, Auth::Password(new)).await?;
        log::info!("{}: password changed, {}", principal.instance.id, ClientAddr(client));
        Ok(())
    }

    /// Gives the instance `id` a new password, for an owner who has lost it, by the special
    /// instance's principal, whose `own` password is asked for; `peer` as in [`Till::change_password`].
    /// All web sessions of `id` end; tokens created on request stay.
    ///
    /// # Errors
    /// [`Error::NotAuthorized`] when `own` is another one, [`Error::TooManyAttempts`],
    /// [`Error::Overloaded`], [`Error::InstanceUnknown`], [`Error::InstanceDeleted`];
    /// [`Error::NotPermitted`] for the principal of another shop.
    pub async fn reset_password(
        &self,
        principal: &Principal,
        own: Password,
        client: Option<IpAddr>,
        id: &InstanceId,
        new: Password,
    ) -> Result<(), Error> {
        if !principal.instance.id.is_admin() {
            return Err(Error::NotPermitted(Permission::InstancesWrite));
        }
        self.confirm(principal, own, client).await?;
        let owner = self.admit_operator(id).await?;
        self.set_auth(&owner, Auth::Password(new)).await?;
        log::info!("{id}: password changed by {}, {}", principal.instance.id, ClientAddr(client));
        Ok(())
    }

    /// Checks the password again, in case another person uses an unattended browser.
    async fn confirm(
        &self,
        principal: &Principal,
        password: Password,
        client: Option<IpAddr>,
    ) -> Result<(), Error> {
        let instance = self.instance(&principal.instance.id).await?;
        self.check_password(&instance, password, client).await
    }
}

/// The unfinished payments and refunds of the instance, unless they prevent the deletion.
///
/// # Errors
/// [`Error::InstanceUnfinished`] when it is one.
fn unfinished_of(
    tx: &Tx<'_>,
    serial: InstanceSerial,
    force: bool,
) -> Result<Option<Unfinished>, Error> {
    match instances::unfinished(tx, serial)? {
        nothing if nothing.is_nothing() => Ok(None),
        unfinished if force => Ok(Some(unfinished)),
        unfinished => Err(Error::InstanceUnfinished(unfinished)),
    }
}

/// Has all coins refunded that have not paid for anything, and all refunds sent, of an instance that
/// is deleted when they are answered.
fn give_all_back(
    tx: &mut Tx<'_>,
    serial: InstanceSerial,
    purge: bool,
    now: Timestamp,
) -> Result<Deletion, Error> {
    for order in instances::open_orders(tx, serial)? {
        let Some(order) = orders::find_by_serial(tx, order)? else { continue };
        let ledger = OrderLedger::of(tx, order)?;
        let is_paid = ledger.order.paid.is_some();
        let open = |deposit: &&Deposit| !is_paid || deposit.confirmation.is_none();
        refund_coins(tx, ledger.not_returned().filter(open), now)?;
        partial_payments::delete(tx, ledger.order.serial)?;
    }
    coin_refunds::want_all(tx, serial)?;
    instances::begin_deletion(tx, serial, purge)?;
    let unfinished = instances::unfinished(tx, serial)?;
    if unfinished.is_nothing() {
        instances::finish_deletions(tx)?;
        return Ok(Deletion::Done);
    }
    Ok(Deletion::WhenAnswered(unfinished))
}

/// Stores a fixed token, which must not be in use elsewhere.
fn keep_static(tx: &mut Tx<'_>, serial: InstanceSerial, token: &NewToken) -> Result<(), Error> {
    tokens::insert(tx, serial, token)?.map(drop).ok_or(Error::InvalidField(InvalidField("token")))
}
