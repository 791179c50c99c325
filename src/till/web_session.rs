//! Web sessions of the back office: begin with a password, are prolonged by activity, and end
//! after inactivity or at their longest duration.
//!
//! A web session is a row among the tokens, of a kind of its own, so it is listed, revoked and deleted like
//! any other. It gives access to the back office only: a stolen one cannot be extended through the API. The time of
//! its last use is stored to the minute only, so that reading rarely writes.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::{ApiToken, CreateToken, Error, IssuedToken, Password, Principal, Till, alive};
use crate::model::access::{Permission, Scope, Token, TokenKind, TokenScope};
use crate::model::invalid_field::InvalidField;
use crate::store::{self, cashiers, instances, tokens};
use system::random;
use taler::base32;
use taler::ids::InstanceId;
use taler::time::{RelativeTime, Timestamp};

/// Longest name of a browser that is kept, in characters.
const MAX_BROWSER: usize = 120;
/// Longest web session: half a day, a long shift.
const LIFE_S: u64 = 12 * 3600;
/// Longest inactivity.
const IDLE_S: u64 = 30 * 60;
/// Precision of the stored time of a token's last use.
const GRAIN_S: u64 = 60;

/// Whether a request comes from the user or from a script of the page.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Activity {
    /// The user did something, which prolongs the web session.
    User,
    /// A script polls; this does not prolong the web session.
    Background,
}

/// Tokens whose use is being written down. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub(super) struct Uses(Arc<Mutex<HashSet<i64>>>);

impl Uses {
    fn begin(&self, serial: i64) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(serial)
    }

    fn end(&self, serial: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&serial);
    }
}

/// What a browser calls itself, as it is kept.
pub(super) fn shortened(browser: &str) -> String {
    browser.chars().filter(|c| !c.is_control()).take(MAX_BROWSER).collect()
}

/// The name of a browser as it is kept with its web session, and how long that lasts at most.
pub(super) fn web_session_of(browser: &str) -> Result<(String, RelativeTime), InvalidField> {
    let life = RelativeTime::from_secs(LIFE_S).map_err(|_| InvalidField("duration"))?;
    Ok((shortened(browser), life))
}

impl Till {
    /// Starts a web session with the password of `instance`, as [`Till::log_in`] creates a token.
    /// `browser` is what the client calls itself, for the list of tokens.
    ///
    /// # Errors
    /// As [`Till::log_in`].
    pub async fn sign_in(
        &self,
        instance: &InstanceId,
        password: Password,
        client: Option<IpAddr>,
        browser: &str,
    ) -> Result<IssuedToken, Error> {
        let (browser, life) = web_session_of(browser)?;
        let wish = CreateToken {
            scope: TokenScope { scope: Scope::All, refreshable: false },
            duration: Some(life),
            description: None,
        };
        let kind = TokenKind::Web { browser, cashier: None };
        self.trade(instance, password, client, wish, kind).await
    }

    /// An unguessable text that identifies a browser before its web session, or a page.
    ///
    /// # Errors
    /// [`Error::NoRandomness`].
    pub fn random_token(&self) -> Result<String, Error> {
        Ok(base32::encode(&random::<16>()?))
    }

    /// Admits the holder of a web session with the permission `needs`, as a principal of its instance.
    /// A web session ends after half an hour of inactivity.
    ///
    /// # Errors
    /// [`Error::NotAuthorized`], [`Error::TokenExpired`], [`Error::NotPermitted`],
    /// [`Error::InstanceDeleted`].
    pub fn admit_session(
        &self,
        key: &ApiToken,
        needs: Option<Permission>,
        presence: Activity,
    ) -> Result<Principal, Error> {
        let hash = key.hash();
        let found = self.store.read_in_place::<_, store::Error>(|db| {
            let Some(found) = tokens::find(db, &hash)? else { return Ok(None) };
            let cashier = match found.token.kind.cashier() {
                Some(serial) => cashiers::find_active(db, serial)?,
                None => None,
            };
            let instance = instances::find_by_serial(db, found.instance)?;
            Ok(instance.map(|instance| (found, cashier, instance)))
        })?;
        let (found, cashier, instance) = found.ok_or(Error::NotAuthorized)?;
        // The session of a cashier who may sign in no more is none of the owner's.
        if found.token.kind.cashier() != cashier.as_ref().map(|cashier| cashier.serial) {
            return Err(Error::NotAuthorized);
        }
        if !found.is_of(&hash) || found.token.kind.browser().is_none() {
            return Err(Error::NotAuthorized);
        }
        let id = instance.id.clone();
        let instance = alive(Some(instance), &id)?;
        let token = found.token;
        let now = self.clock.now();
        let last = token.last_used_at.unwrap_or(token.created_at).max(token.created_at);
        let idle = now.saturating_since(last);
        let is_idle = RelativeTime::from_secs(IDLE_S).is_ok_and(|most| idle >= most);
        if is_idle && self.is_time_sure() {
            let (instance, serial) = (instance.serial, token.serial);
            // Should this get lost, the next one who comes with it does it.
            let _ =
                self.store.write_behind(move |tx| tokens::delete(tx, instance, serial).map(drop));
        }
        if is_idle || token.expires_at <= now {
            return Err(Error::TokenExpired);
        }
        match needs {
            Some(permission) if !token.scope.scope.grants(permission) => {
                Err(Error::NotPermitted(permission))
            }
            _ => {
                if presence == Activity::User {
                    self.note_use(&token, now);
                }
                Ok(Principal { instance, token: Some(token), cashier: cashier.map(Box::new) })
            }
        }
    }

    /// Keeps that `token` was used, at most once a minute, without waiting for it.
    pub(super) fn note_use(&self, token: &Token, now: Timestamp) {
        let before = now.secs().unwrap_or_default().saturating_sub(GRAIN_S);
        let before = Timestamp::from_secs(before).unwrap_or(Timestamp::ZERO);
        let serial = token.serial;
        if token.last_used_at.is_some_and(|last| last > before) || !self.uses.begin(serial) {
            return;
        }
        let uses = self.uses.clone();
        let queued = self.store.write_behind(move |tx| {
            uses.end(serial);
            tokens::touch(tx, serial, now, before)
        });
        if queued.is_err() {
            self.uses.end(serial);
        }
    }
}
