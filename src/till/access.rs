//! Access control: API tokens are created, checked and revoked (merchant-api 1.6).
//!
//! The program sees a token's value when it is created and when a client sends it. The store has only
//! its SHA-256, which is enough because a token is random, unlike a password.

use std::fmt;
use std::net::IpAddr;
use std::time::Instant;

use sha2::{Digest, Sha256};

use super::lookup::still_there;
use super::{Error, Password, Till, alive};
use crate::model::access::{NewToken, Permission, Token, TokenKind, TokenScope};
use crate::model::business_day::Calendar;
use crate::model::cashier::{Cashier, CashierSerial};
use crate::model::instance::Instance;
use crate::model::invalid_field::InvalidField;
use crate::store::{self, clock, instances, tokens};
use system::clock::time_zone;
use system::log_limit;
use system::random;
use taler::base32;
use taler::ids::InstanceId;
use taler::time::{RelativeTime, Timestamp};

/// Prefix of every token's text (RFC 8959).
pub const PREFIX: &str = "secret-token:";
/// Longest text that can be a token, in bytes.
pub(crate) const MAX_TOKEN: usize = 512;
/// Longest note about a token, in characters.
pub(crate) const MAX_DESCRIPTION: usize = 512;
/// How long an expired token is distinguished from an unknown one: 30 days.
const REMEMBERED_S: u64 = 30 * 86_400;
/// Longest validity of a token that was issued for another token: 90 days. Otherwise a thief of
/// a token with an end could trade it for one without.
const REFRESHED_LIFE_S: u64 = 90 * 86_400;
/// Default validity of a token: one day.
const DEFAULT_LIFE_S: u64 = 86_400;

/// A token's text, `secret-token:` included. Never shown but to whom it is given.
#[derive(Clone, Eq, PartialEq)]
pub struct ApiToken(String);

impl ApiToken {
    /// A token's text. A prefix that is there twice is taken as one: programs put it before whatever
    /// was pasted.
    ///
    /// # Errors
    /// [`InvalidField`] when the prefix is missing or the text can be no token.
    pub fn parse(text: &str) -> Result<Self, InvalidField> {
        let secret = without_prefix(text).unwrap_or_default();
        let fits = (1..=MAX_TOKEN).contains(&secret.len())
            && secret.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(format!("{PREFIX}{secret}"))) } else { Err(InvalidField("token")) }
    }

    /// The text of a bearer token: an API token, or an instance's password after the
    /// same prefix, which has other characters and lengths.
    ///
    /// # Errors
    /// [`InvalidField`] when the prefix is missing or the text can be neither.
    pub fn shown(text: &str) -> Result<Self, InvalidField> {
        let secret = without_prefix(text).ok_or(InvalidField("token"))?;
        Password::parse(secret).map_err(|_| InvalidField("token"))?;
        Ok(Self(format!("{PREFIX}{secret}")))
    }

    /// The text without the prefix, which may be a password.
    fn secret(&self) -> &str {
        self.0.strip_prefix(PREFIX).unwrap_or_default()
    }

    fn random() -> Result<Self, Error> {
        Ok(Self(format!("{PREFIX}{}", base32::encode(&random::<32>()?))))
    }

    pub(super) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// The text, for the one to whom the token is given.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// The text behind its prefix, however often that is there; `None` when it is not.
fn without_prefix(text: &str) -> Option<&str> {
    let mut secret = text.strip_prefix(PREFIX)?;
    while let Some(rest) = secret.strip_prefix(PREFIX) {
        secret = rest;
    }
    Some(secret)
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("secret-token:***")
    }
}

/// Proof that the client may act for an instance, within a scope. Only [`Till::admit`] and similar methods create one.
#[derive(Debug)]
pub struct Principal {
    pub(super) instance: Instance,
    pub(super) token: Option<Token>,
    /// The cashier who has signed in; `None`: somebody who may do all that the token's scope says.
    pub(super) cashier: Option<Box<Cashier>>,
}

impl Principal {
    /// Somebody who needs no token.
    pub(super) fn of(instance: Instance) -> Self {
        Self { instance, token: None, cashier: None }
    }

    /// The cashier who has signed in, if it is one.
    pub fn cashier(&self) -> Option<&str> {
        self.cashier.as_ref().map(|cashier| cashier.name.as_str())
    }

    /// The same, as the store names the cashier.
    pub(super) fn seller(&self) -> Option<CashierSerial> {
        self.cashier.as_ref().map(|cashier| cashier.serial)
    }

    /// For which instance.
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// The business days of their shop.
    pub fn calendar(&self) -> Calendar {
        self.instance.settings.business_day.calendar(&time_zone())
    }

    /// Serial number of the token used; `None` for a client with the password or with
    /// the store's file.
    pub fn token(&self) -> Option<i64> {
        self.token.as_ref().map(|token| token.serial)
    }

    /// What the shop calls the client: the note of its token, or its browser; empty if it has neither.
    pub fn name(&self) -> String {
        let token = self.token.as_ref();
        let name = token.and_then(|token| match token.kind.browser() {
            Some(browser) => Some(browser.to_owned()),
            None => token.description.clone(),
        });
        name.unwrap_or_default()
    }

    /// The credential used, for the log.
    pub fn means(&self) -> String {
        match self.token() {
            Some(serial) => format!("by token {serial}"),
            None => "by the password".to_owned(),
        }
    }
}

/// The result of checking a bearer token.
#[derive(Debug)]
pub enum Admission {
    /// A token that is good for what was asked.
    Admitted(Principal),
    /// No token that there is. It may be the password of this instance; see
    /// [`Till::admit_by_password`].
    Unknown(Instance),
}

/// The client's address, for the log.
pub(super) struct ClientAddr(pub(super) Option<IpAddr>);

impl fmt::Display for ClientAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(client) => write!(f, "from {client}"),
            None => f.write_str("from an unknown client"),
        }
    }
}

/// The request for a new token.
#[derive(Clone, Debug)]
pub struct CreateToken {
    /// Scope of the new token.
    pub scope: TokenScope,
    /// Validity of the new token; a day when `None`.
    pub duration: Option<RelativeTime>,
    /// The shop's own note.
    pub description: Option<String>,
}

impl CreateToken {
    fn check(&self) -> Result<(), InvalidField> {
        let fits = |text: &String| text.chars().count() <= MAX_DESCRIPTION;
        if self.description.as_ref().is_none_or(fits) {
            Ok(())
        } else {
            Err(InvalidField("description"))
        }
    }
}

/// A token just made: the only time its text is known.
#[derive(Debug)]
pub struct IssuedToken {
    /// The token's text; only its hash is stored.
    pub key: ApiToken,
    /// Serial number, unique within the daemon.
    pub serial: i64,
    /// Its scope.
    pub scope: TokenScope,
    /// Until when.
    pub expires_at: Timestamp,
}

impl Till {
    /// Admits a client with a token of `instance` whose scope has the permission `needs`; `None`: any scope.
    ///
    /// # Errors
    /// [`Error::InstanceUnknown`], [`Error::InstanceDeleted`], [`Error::NotAuthorized`],
    /// [`Error::TokenExpired`], [`Error::NotPermitted`].
    pub fn admit(
        &self,
        instance: &InstanceId,
        key: Option<&ApiToken>,
        needs: Option<Permission>,
    ) -> Result<Principal, Error> {
        match self.admit_by_token(instance, key, needs)? {
            Admission::Admitted(principal) => Ok(principal),
            Admission::Unknown(_) => Err(Error::NotAuthorized),
        }
    }

    /// As [`Till::admit`], but says when the text is no token at all, for it may be the password.
    ///
    /// # Errors
    /// As [`Till::admit`].
    pub fn admit_by_token(
        &self,
        instance: &InstanceId,
        key: Option<&ApiToken>,
        needs: Option<Permission>,
    ) -> Result<Admission, Error> {
        let hash = key.map(ApiToken::hash);
        let (found, token) = self.store.read_in_place::<_, store::Error>(|db| {
            let token = match &hash {
                Some(hash) => tokens::find(db, hash)?,
                None => None,
            };
            Ok((instances::find(db, instance)?, token))
        })?;
        let instance = alive(found, instance)?;
        let Some(hash) = hash else { return Err(Error::NotAuthorized) };
        let Some(found) = token else {
            return match instance.password_hash {
                Some(_) => Ok(Admission::Unknown(instance)),
                None => Err(Error::NotAuthorized),
            };
        };
        let is_of_instance = found.instance == instance.serial;
        if !found.is_of(&hash) || !is_of_instance || found.token.kind.browser().is_some() {
            return Err(Error::NotAuthorized);
        }
        let token = found.token;
        let now = self.clock.now();
        if token.expires_at <= now {
            return Err(Error::TokenExpired);
        }
        match needs {
            Some(permission) if !token.scope.scope.grants(permission) => {
                Err(Error::NotPermitted(permission))
            }
            _ => {
                self.note_use(&token, now);
                Ok(Admission::Admitted(Principal { instance, token: Some(token), cashier: None }))
            }
        }
    }

    /// Admits a client with the password of `instance` instead of a token, for everything that the
    /// instance may do. Each text that was not checked in the last minutes counts as an attempt
    /// of `peer`, as in [`Till::log_in`].
    ///
    /// # Errors
    /// [`Error::NotAuthorized`] for a wrong password, [`Error::TooManyAttempts`],
    /// [`Error::Overloaded`].
    pub async fn admit_by_password(
        &self,
        instance: Instance,
        key: &ApiToken,
        client: Option<IpAddr>,
    ) -> Result<Principal, Error> {
        let stored = instance.password_hash.as_deref().ok_or(Error::NotAuthorized)?;
        let mark = self.remembered.mark(instance.serial, stored, key.secret())?;
        let check = async {
            let password = Password::parse(key.secret())?;
            match self.check_password(&instance, password, client).await {
                Ok(()) => Ok(true),
                Err(Error::NotAuthorized) => Ok(false),
                Err(other) => Err(other),
            }
        };
        match self.remembered.check(mark, Instant::now(), check).await? {
            true => Ok(Principal::of(instance)),
            false => Err(Error::NotAuthorized),
        }
    }

    /// Admits a client with a token of any instance whose scope has `needs`, as a principal of that
    /// instance: for requests that name their instance where it is not read from strangers. `None`
    /// when there is no such token, which then may be a password.
    ///
    /// # Errors
    /// As [`Till::admit`].
    pub fn admit_holder(
        &self,
        key: Option<&ApiToken>,
        needs: Permission,
    ) -> Result<Option<Principal>, Error> {
        let hash = key.map(ApiToken::hash).ok_or(Error::NotAuthorized)?;
        let holder = self.store.read_in_place::<_, store::Error>(|db| {
            let Some(found) = tokens::find(db, &hash)? else { return Ok(None) };
            let all = instances::list(db)?;
            Ok(all.into_iter().find(|instance| instance.serial == found.instance))
        })?;
        holder.map(|holder| self.admit(&holder.id, key, Some(needs))).transpose()
    }

    /// Admits the command line, which has access to the database file.
    ///
    /// # Errors
    /// [`Error::InstanceUnknown`], [`Error::InstanceDeleted`].
    pub async fn admit_operator(&self, instance: &InstanceId) -> Result<Principal, Error> {
        Ok(Principal::of(self.instance(instance).await?))
    }

    /// Trades the password of `instance` for a token (merchant-api 1.6.1). `peer` is the client's
    /// address, by which attempts are counted.
    ///
    /// # Errors
    /// [`Error::NotAuthorized`] for a wrong password, [`Error::TooManyAttempts`],
    /// [`Error::Overloaded`], [`Error::InstanceUnknown`], [`Error::InvalidField`].
    pub async fn log_in(
        &self,
        instance: &InstanceId,
        password: Password,
        client: Option<IpAddr>,
        wish: CreateToken,
    ) -> Result<IssuedToken, Error> {
        wish.check()?;
        self.trade(instance, password, client, wish, TokenKind::Api).await
    }

    /// As [`Till::log_in`], for a token of this kind.
    pub(super) async fn trade(
        &self,
        instance: &InstanceId,
        password: Password,
        client: Option<IpAddr>,
        wish: CreateToken,
        kind: TokenKind,
    ) -> Result<IssuedToken, Error> {
        let instance = self.instance(instance).await?;
        self.check_password(&instance, password, client).await?;
        self.issue_for_password(Principal::of(instance), client, wish, kind).await
    }

    /// Creates a token for a principal who has shown the password, and tells the log.
    async fn issue_for_password(
        &self,
        principal: Principal,
        client: Option<IpAddr>,
        wish: CreateToken,
        kind: TokenKind,
    ) -> Result<IssuedToken, Error> {
        let issued = self.make_token(&principal, wish, kind).await?;
        let (id, IssuedToken { serial, scope, .. }) = (&principal.instance.id, &issued);
        log::info!(
            "{id}: created token {serial} ({scope}) with the password, {}",
            ClientAddr(client)
        );
        Ok(issued)
    }

    /// Whether it is the password of `instance`. A wrong one counts as an attempt of `peer`, the client's
    /// address; `None` where no proxy tells it.
    ///
    /// # Errors
    /// [`Error::NotAuthorized`] if not, [`Error::TooManyAttempts`], [`Error::Overloaded`].
    pub(super) async fn check_password(
        &self,
        instance: &Instance,
        password: Password,
        client: Option<IpAddr>,
    ) -> Result<(), Error> {
        // Of instances that exist only, or made-up names would fill the memory of attempts.
        let hash = instance.password_hash.clone();
        let right = self.passwords.attempt(&instance.id, client, password, hash).await?;
        if !right {
            let line = format_args!("{}: wrong password, {}", instance.id, ClientAddr(client));
            log_limit::warn("wrong passwords", line);
            return Err(Error::NotAuthorized);
        }
        Ok(())
    }

    /// Trades what was shown as a bearer token for a fresh token: the password or the instance's fixed
    /// token for one of any scope, a refreshable token for one of the same scope or a smaller one,
    /// which ends after 90 days at the latest.
    ///
    /// # Errors
    /// As [`Till::admit`] and [`Till::admit_by_password`]; [`Error::ScopeExceeded`] when the token is
    /// neither refreshable nor fixed, or its scope is smaller.
    pub async fn refresh(
        &self,
        instance: &InstanceId,
        key: &ApiToken,
        client: Option<IpAddr>,
        wish: CreateToken,
    ) -> Result<IssuedToken, Error> {
        wish.check()?;
        let principal = match self.admit_by_token(instance, Some(key), None)? {
            Admission::Admitted(principal) => principal,
            Admission::Unknown(instance) => self.admit_by_password(instance, key, client).await?,
        };
        let Some(token) = &principal.token else {
            return self.issue_for_password(principal, client, wish, TokenKind::Api).await;
        };
        let may_trade = token.scope.refreshable || token.kind == TokenKind::Static;
        if !may_trade || !token.scope.scope.contains(wish.scope.scope) {
            return Err(Error::ScopeExceeded);
        }
        let longest =
            RelativeTime::from_secs(REFRESHED_LIFE_S).map_err(|_| InvalidField("duration"))?;
        let duration = wish.duration.map(|duration| duration.min(longest));
        self.issue_token(&principal, CreateToken { duration, ..wish }).await
    }

    /// Creates a token for the principal's instance.
    ///
    /// # Errors
    /// [`Error::InvalidField`] names what does not fit.
    pub async fn issue_token(
        &self,
        principal: &Principal,
        wish: CreateToken,
    ) -> Result<IssuedToken, Error> {
        wish.check()?;
        self.make_token(principal, wish, TokenKind::Api).await
    }

    pub(super) async fn make_token(
        &self,
        principal: &Principal,
        wish: CreateToken,
        kind: TokenKind,
    ) -> Result<IssuedToken, Error> {
        let key = ApiToken::random()?;
        let now = self.clock.now();
        let life = match wish.duration {
            Some(duration) => duration,
            None => {
                RelativeTime::from_secs(DEFAULT_LIFE_S).map_err(|_| InvalidField("duration"))?
            }
        };
        let token = NewToken {
            hash: key.hash(),
            scope: wish.scope,
            kind,
            created_at: now,
            expires_at: now.saturating_add(life),
            description: wish.description,
        };
        let (scope, expires_at) = (token.scope, token.expires_at);
        // An expired token is kept for a while, so that its owner learns why it is refused; and as long
        // as the clock may be wrong, since it may not have expired at all.
        let is_sure = self.is_time_sure();
        let long_ago = now.secs().unwrap_or_default().saturating_sub(REMEMBERED_S);
        let long_ago = Timestamp::from_secs(long_ago).unwrap_or(Timestamp::ZERO);
        let (instance, shop) = (principal.instance.serial, principal.instance.id.clone());
        let serial = self
            .store
            .write::<_, Error>(move |tx| {
                still_there(tx, instance, &shop)?;
                if is_sure {
                    tokens::forget_expired(tx, long_ago)?;
                    clock::upsert(tx, now)?;
                }
                // That the text was in use already would take a broken source of randomness.
                tokens::insert(tx, instance, &token)?.ok_or(Error::NoRandomness)
            })
            .await?;
        Ok(IssuedToken { key, serial, scope, expires_at })
    }

    /// Takes back the very token that the principal came with.
    ///
    /// # Errors
    /// [`Error::TokenUnknown`] when it was taken back meanwhile.
    pub async fn log_out(&self, principal: &Principal) -> Result<(), Error> {
        let serial = principal.token.as_ref().map(|token| token.serial).unwrap_or_default();
        self.revoke_token(principal, serial).await
    }

    /// Revokes a token of the principal's instance.
    ///
    /// # Errors
    /// [`Error::TokenUnknown`].
    pub async fn revoke_token(&self, principal: &Principal, serial: i64) -> Result<(), Error> {
        let instance = principal.instance.serial;
        self.store
            .write(move |tx| match tokens::delete(tx, instance, serial)? {
                true => Ok(()),
                false => Err(Error::TokenUnknown(serial)),
            })
            .await
    }

    /// The tokens of the principal's instance, from `offset` on (exclusive): older ones for a negative
    /// `limit`, newer ones for a positive one, at most as many as it says.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn tokens(
        &self,
        principal: &Principal,
        limit: i64,
        offset: Option<i64>,
    ) -> Result<Vec<Token>, Error> {
        let instance = principal.instance.serial;
        self.store.read(move |db| Ok(tokens::list(db, instance, limit, offset)?)).await
    }
}

/// The token row for an instance's fixed token of before protocol 19.
pub(super) fn static_token(key: &ApiToken, now: Timestamp) -> NewToken {
    NewToken {
        hash: key.hash(),
        scope: TokenScope { scope: crate::model::access::Scope::All, refreshable: false },
        kind: TokenKind::Static,
        created_at: now,
        expires_at: Timestamp::NEVER,
        description: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_needs_its_prefix_and_is_not_shown() {
        assert_eq!(ApiToken::parse("ABC").unwrap_err(), InvalidField("token"));
        assert_eq!(ApiToken::parse("secret-token:").unwrap_err(), InvalidField("token"));
        assert_eq!(ApiToken::parse("secret-token:a b").unwrap_err(), InvalidField("token"));
        let key = ApiToken::random().unwrap();
        assert_eq!(key.reveal().len(), PREFIX.len() + 52);
        assert_eq!(ApiToken::parse(key.reveal()), Ok(key.clone()));
        assert_eq!(format!("{key:?}"), "secret-token:***");
        // Tryton, pretix, Odoo, taler-ruby and taler-go put the prefix before what was pasted with it.
        let twice = format!("{PREFIX}{}", key.reveal());
        assert_eq!(ApiToken::parse(&twice), Ok(key.clone()));
        assert_eq!(ApiToken::shown(&twice), Ok(key));
    }

    #[test]
    fn what_is_shown_may_be_a_password() {
        let shown = ApiToken::shown("secret-token:Fünf große Äpfel").unwrap();
        assert_eq!(shown.secret(), "Fünf große Äpfel");
        assert_eq!(ApiToken::shown("Fünf").unwrap_err(), InvalidField("token"));
        assert_eq!(ApiToken::shown("secret-token:").unwrap_err(), InvalidField("token"));
        let long = "x".repeat(1025);
        assert_eq!(
            ApiToken::shown(&format!("secret-token:{long}")).unwrap_err(),
            InvalidField("token")
        );
    }
}
