//! Who sits in the back office: signs in with a password, stays while they do something, and is sent
//! away when they do nothing for long or their time is over.
//!
//! A web session is a row among the tokens, of a kind of its own, so it is listed, revoked and forgotten
//! like any other. It opens the back office only:
//! who steals one does not get around its short life by way of the API. That it was used is kept to the minute only, so that reading
//! does not write.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::{ApiToken, CreateToken, Error, IssuedToken, Password, Principal, Till, alive};
use crate::model::access::{Permission, Scope, Token, TokenKind, TokenScope};
use crate::model::invalid_field::InvalidField;
use crate::store::{self, instances, tokens};
use system::random;
use taler::base32;
use taler::ids::InstanceId;
use taler::time::{RelativeTime, Timestamp};

/// Longest name of a browser that is kept, in characters.
const MAX_BROWSER: usize = 120;
/// How long a seat lasts at most: half a day, a long shift.
const LIFE_S: u64 = 12 * 3600;
/// How long somebody may do nothing.
const IDLE_S: u64 = 30 * 60;
/// How exactly it is kept when a token was used.
const GRAIN_S: u64 = 60;

/// Is somebody there, or does their page only look for news by itself?
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Activity {
    /// Somebody did something, which keeps their seat.
    User,
    /// Nobody did anything that we know of.
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

impl Till {
    /// Trades the password of `instance` for a seat in its back office, as [`Till::log_in`] does.
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
        let plain = browser.chars().filter(|c| !c.is_control()).take(MAX_BROWSER);
        let life = RelativeTime::from_secs(LIFE_S).map_err(|_| InvalidField("duration"))?;
        let wish = CreateToken {
            scope: TokenScope { scope: Scope::All, refreshable: false },
            duration: Some(life),
            description: None,
        };
        let kind = TokenKind::Web { browser: plain.collect() };
        self.trade(instance, password, client, wish, kind).await
    }

    /// A text that nobody can guess, by which a browser is known before it has a seat, or a page.
    ///
    /// # Errors
    /// [`Error::NoRandomness`].
    pub fn random_token(&self) -> Result<String, Error> {
        Ok(base32::encode(&random::<16>()?))
    }

    /// Lets in whoever holds a seat that is good for `needs`, as a clerk of the seat's instance.
    /// Whoever did nothing for half an hour loses the seat.
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
            Ok(instances::find_by_serial(db, found.instance)?.map(|instance| (found, instance)))
        })?;
        let (found, instance) = found.ok_or(Error::NotAuthorized)?;
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
                Ok(Principal { instance, token: Some(token) })
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
