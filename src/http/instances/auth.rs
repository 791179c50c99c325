//! How an instance's owner gets in: a password, or a fixed token as before protocol 19 (merchant-api 6.1).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[cfg(test)]
use super::super::openapi::values;
use super::super::read;
use crate::till::{ApiToken, Auth, Password};

/// The way in.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(super) enum AuthMethod {
    /// By tokens.
    #[serde(rename = "token")]
    Token,
}

/// How an instance's owner shall get in.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
#[serde(untagged)]
pub(super) enum AuthSetting {
    /// By a password, for which tokens are traded.
    Password(PasswordSetting),
    /// By a fixed token, as before protocol 19.
    Token(TokenSetting),
}

/// A password, for which tokens are traded.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(super) struct PasswordSetting {
    /// `token`.
    #[serde(rename = "method")]
    _method: AuthMethod,
    /// The password: up to 1,024 characters.
    #[cfg_attr(test, schema(value_type = values::Password))]
    password: String,
}

/// A fixed token, as before protocol 19.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(super) struct TokenSetting {
    /// `token`.
    #[serde(rename = "method")]
    _method: AuthMethod,
    /// The token, `secret-token:` included.
    #[cfg_attr(test, schema(value_type = values::Token))]
    token: String,
    /// It must not be said beside a token.
    #[serde(default, rename = "password")]
    #[cfg_attr(test, schema(value_type = values::Null))]
    _password: (),
}

/// The credentials that these members set.
///
/// # Errors
/// When they are none: a handler says whether they are those of a new instance.
pub(super) fn auth_in(members: Map<String, Value>) -> Result<Auth, ()> {
    match read::body(members).map_err(|_| ())? {
        AuthSetting::Password(PasswordSetting { password, .. }) => {
            Password::parse(password).map(Auth::Password).map_err(|_| ())
        }
        AuthSetting::Token(TokenSetting { token, .. }) => {
            ApiToken::parse(&token).map(Auth::Token).map_err(|_| ())
        }
    }
}
