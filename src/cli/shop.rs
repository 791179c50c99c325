//! The commands about instances, passwords, accounts and tokens.

use std::fmt::Display;
use std::future::Future;
use std::io::{self, BufRead, IsTerminal};
use std::path::Path;

use zeroize::Zeroizing;

use super::args::Secret;
use super::{Error, browser_address, listened, open, output};
use crate::config::{Config, Listen};
use crate::hub::{Hub, Limits};
use crate::model::access::TokenScope;
use crate::model::account::AccountDetails;
use crate::model::instance::Unfinished;
use crate::server::policy;
use crate::store::Role;
use crate::till::{
    self, Auth, CreateAccount, CreateInstance, CreateToken, Deletion, Password, Principal, Till,
};
use system::clock::Clock;
use taler::ids::InstanceId;
use taler::payto::Payto;
use taler::time::{RelativeTime, Timestamp};

/// Longest password file, in bytes.
const MAX_FILE: u64 = 4096;

/// Opens the till as `role`, does `work`, and closes it.
pub(super) fn with_till<T, F: Future<Output = Result<T, Error>>>(
    config: &Config,
    role: Role,
    work: impl FnOnce(Till) -> F,
) -> Result<T, Error> {
    let store = open(config, role)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Other(error.to_string()))?;
    // No request waits for changes in this process.
    let hub = Hub::new(Limits::default());
    let till = Till::new(store.clone(), hub, policy(config)?, Clock::system());
    let done = runtime.block_on(work(till));
    store.close();
    done
}

pub(super) fn named(instance: &str) -> Result<InstanceId, Error> {
    InstanceId::parse(instance).map_err(|_| {
        Error::Usage(format!(
            "\"{instance}\" is not an instance ID: two or more letters, digits or ._@-"
        ))
    })
}

pub(super) async fn principal(till: &Till, id: &InstanceId) -> Result<Principal, Error> {
    till.admit_operator(id).await.map_err(with_hint)
}

/// The error; for an unknown instance, with the command that creates it.
fn with_hint(error: till::Error) -> Error {
    match error {
        till::Error::InstanceUnknown(id) => {
            Error::Other(format!("there is no instance {id}; create it with: tilld passwd {id}"))
        }
        other => other.into(),
    }
}

/// Reads the password from the file, or from the terminal, twice.
fn password(secret: &Secret) -> Result<Password, Error> {
    let text = match &secret.password_file {
        Some(path) if path == Path::new("-") => first_line(io::stdin().lock())?,
        Some(path) => {
            let file = std::fs::File::open(path)
                .map_err(|error| Error::Other(format!("{}: {error}", path.display())))?;
            first_line(io::BufReader::new(file))?
        }
        None if io::stdin().is_terminal() => {
            let ask = |prompt| {
                rpassword::prompt_password(prompt).map_err(|error| Error::Other(error.to_string()))
            };
            let once = ask("New password: ")?;
            if ask("Repeat it: ")? != once {
                return Err(Error::Other("the passwords differ; nothing was changed".into()));
            }
            once
        }
        None => {
            return Err(Error::Usage(
                "no terminal to type a password at; use --password-file".into(),
            ));
        }
    };
    // Some editors write a byte order mark at the beginning of a file.
    let text = Zeroizing::new(text);
    let password = Password::parse(text.strip_prefix('\u{feff}').unwrap_or(&text))
        .map_err(|_| Error::Usage("a password has 1 to 1024 characters".into()))?;
    if password.is_short() {
        log::warn!("the password is shorter than 8 characters; use a longer one for a real shop");
    }
    Ok(password)
}

fn first_line(reader: impl BufRead) -> Result<String, Error> {
    let mut line = String::new();
    reader
        .take(MAX_FILE)
        .read_line(&mut line)
        .map_err(|error| Error::Other(format!("cannot read the password: {error}")))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// `tilld passwd INSTANCE`
pub(super) fn passwd(
    config: &Config,
    instance: &str,
    secret: &Secret,
    role: Role,
) -> Result<(), Error> {
    let id = named(instance)?;
    let password = password(secret)?;
    // "default" is an old name of "admin"; the result names both, so that nobody expects two instances.
    let whose = match id.as_str() == instance {
        true => id.to_string(),
        false => format!("{id} (old name: \"{instance}\")"),
    };
    with_till(config, role, |till| async move {
        let auth = Auth::Password(password);
        match till.admit_operator(&id).await {
            Ok(principal) => {
                till.set_auth(&principal, auth).await?;
                output::line(format_args!("password of {whose} changed"))
            }
            Err(till::Error::InstanceUnknown(_)) => {
                let settings = till.plain_settings(id.as_str());
                till.create_instance(CreateInstance { id: id.clone(), settings, auth: Some(auth) })
                    .await?;
                output::line(format_args!("created instance {whose} with this password"))
            }
            Err(other) => Err(other.into()),
        }
    })
}

/// The name of the credential that holds the first password of `admin`.
const FIRST_PASSWORD: &str = "tilld.admin-password";

/// Creates `admin` with the password of the systemd credential, if there is such a credential and
/// no `admin` yet. It never changes an existing password.
pub(super) fn take_first_password(config: &Config) -> Result<(), Error> {
    let Some(folder) = std::env::var_os("CREDENTIALS_DIRECTORY") else { return Ok(()) };
    let path = Path::new(&folder).join(FIRST_PASSWORD);
    if !path.exists() {
        return Ok(());
    }
    let password = password(&Secret { password_file: Some(path) })?;
    let id = InstanceId::admin();
    with_till(config, Role::Creator, |till| async move {
        if let Err(till::Error::InstanceUnknown(_)) = till.instance(&id).await {
            let settings = till.plain_settings(id.as_str());
            let auth = Some(Auth::Password(password));
            till.create_instance(CreateInstance { id, settings, auth }).await?;
            log::info!(
                "created instance admin with the password of the credential {FIRST_PASSWORD}"
            );
        }
        Ok(())
    })
}

/// `tilld setup-link`
pub(super) fn setup_link(config: &Config) -> Result<(), Error> {
    let addresses: Vec<_> = listened(config).iter().map(Listen::to_string).collect();
    let place = browser_address(config, &addresses);
    with_till(config, Role::Guest, |till| async move {
        match till.new_setup_code().await? {
            Some(code) => {
                output::note("The link works once, within a day. Earlier links are invalid now.");
                output::only_copy(&format!("{place}webui/setup#{}", code.reveal())).map_err(
                    |error| Error::Other(format!("the link could not be printed: {error}")),
                )
            }
            None => Err(Error::Other(format!(
                "there is a shop already: sign in at {place}webui/; to set its password: \
                 tilld passwd admin"
            ))),
        }
    })
}

/// `tilld instance list`
pub(super) fn instances(config: &Config) -> Result<(), Error> {
    with_till(config, Role::Guest, |till| async move {
        for (instance, kinds) in till.directory().await? {
            let state = if instance.is_deleted() { "deleted" } else { "active" };
            let kinds = if kinds.is_empty() { "no account".into() } else { kinds.join(",") };
            output::row(&[&instance.id, &state, &kinds, &instance.settings.name])?;
        }
        Ok(())
    })
}

/// `tilld instance add ID`: with a password only if a file is given.
pub(super) fn add_instance(
    config: &Config,
    instance: &str,
    name: Option<String>,
    secret: &Secret,
    role: Role,
) -> Result<(), Error> {
    let id = named(instance)?;
    let auth = match &secret.password_file {
        Some(_) => Some(Auth::Password(password(secret)?)),
        None => None,
    };
    with_till(config, role, |till| async move {
        let settings = till.plain_settings(&name.unwrap_or_else(|| id.to_string()));
        let hint =
            if auth.is_none() { format!("; next: tilld passwd {id}") } else { String::new() };
        till.create_instance(CreateInstance { id: id.clone(), settings, auth }).await?;
        output::line(format_args!("created instance {id}{hint}"))
    })
}

/// `tilld instance show ID`
pub(super) fn show_instance(config: &Config, instance: &str) -> Result<(), Error> {
    let id = named(instance)?;
    with_till(config, Role::Guest, |till| async move {
        let instance = till.instance(&id).await.map_err(with_hint)?;
        let settings = &instance.settings;
        let field = |label: &str, value: &dyn Display| output::row(&[&label, value]);
        field("id", &instance.id)?;
        field("name", &settings.name)?;
        field("merchant_pub", &instance.public_key)?;
        let password = if instance.password_hash.is_some() { "set" } else { "not set" };
        field("password", &password)?;
        for (label, text) in [("email", &settings.email), ("website", &settings.website)] {
            if let Some(text) = text {
                field(label, text)?;
            }
        }
        let delays = [
            ("default_pay_delay", settings.default_pay_delay),
            ("default_refund_delay", settings.default_refund_delay),
            ("default_wire_transfer_delay", settings.default_wire_transfer_delay),
        ];
        for (label, delay) in delays {
            let text =
                delay.micros().map_or("forever".into(), |us| format!("{} s", us / 1_000_000));
            field(label, &text)?;
        }
        let day = &settings.business_day;
        let zone = day.zone.as_ref().map_or("the daemon's", |zone| zone.as_str());
        field("time_zone", &zone)?;
        field("day_ends_at", &format!("{:02}:00", day.end_hour.hour()))?;
        Ok(())
    })
}

/// `tilld instance delete ID`
pub(super) fn delete_instance(
    config: &Config,
    instance: &str,
    purge: bool,
    force: bool,
) -> Result<(), Error> {
    let id = named(instance)?;
    let refused = |error| match error {
        till::Error::InstanceUnfinished(unfinished) => Error::Other(format!(
            "{instance} has {unfinished}; to refund all of that and delete it anyway: \
             --force"
        )),
        other => with_hint(other),
    };
    with_till(config, Role::Guest, |till| async move {
        let done = match purge {
            true => till.purge_instance(&id, force).await.map_err(refused)?,
            false => till.delete_instance(&id, force).await.map_err(refused)?,
        };
        match (done, purge) {
            (Deletion::Done, true) => output::line(format_args!("purged instance {id}")),
            (Deletion::Done, false) => output::line(format_args!(
                "deleted instance {id}; its history stays until it is purged"
            )),
            (Deletion::WhenAnswered(Unfinished { refunds, .. }), _) => output::line(format_args!(
                "deleted instance {id}; the daemon sends its {refunds} open refunds and \
                     removes {} when the exchange has confirmed the last one",
                if purge { "its history" } else { "its key" }
            )),
        }
    })
}

/// `tilld account add INSTANCE PAYTO`
pub(super) fn add_account(config: &Config, instance: &str, payto: &str) -> Result<(), Error> {
    let id = named(instance)?;
    let payto_uri = read_payto(payto)?;
    with_till(config, Role::Guest, |till| async move {
        let principal = principal(&till, &id).await?;
        let wish = CreateAccount { payto_uri, details: AccountDetails::default() };
        let account = match till.add_account(&principal, wish).await {
            // It is in use already; its other details stay as they are.
            Err(till::Error::AccountExists) => {
                return output::line("the account exists already");
            }
            other => other?,
        };
        output::row(&[&account.payto_uri, &"active", &account.h_wire])
    })
}

fn read_payto(text: &str) -> Result<Payto, Error> {
    Payto::parse(text).map_err(|error| {
        Error::Usage(format!(
            "\"{text}\": {error}; an account looks like \
             payto://iban/DE75512108001245126199?receiver-name=Name"
        ))
    })
}

/// `tilld account list INSTANCE`
pub(super) fn accounts(config: &Config, instance: &str) -> Result<(), Error> {
    let id = named(instance)?;
    with_till(config, Role::Guest, |till| async move {
        let principal = principal(&till, &id).await?;
        for account in till.accounts(&principal).await? {
            let state = if account.active { "active" } else { "out of use" };
            output::row(&[&account.payto_uri, &state, &account.h_wire])?;
        }
        Ok(())
    })
}

/// `tilld account remove INSTANCE PAYTO`
pub(super) fn remove_account(config: &Config, instance: &str, payto: &str) -> Result<(), Error> {
    let id = named(instance)?;
    let payto = read_payto(payto)?;
    with_till(config, Role::Guest, |till| async move {
        let principal = principal(&till, &id).await?;
        let accounts = till.accounts(&principal).await?;
        let found = accounts.iter().find(|account| account.payto_uri == payto && account.active);
        let Some(account) = found else {
            return Err(Error::Other(format!("instance {id} does not use this account")));
        };
        till.remove_account(&principal, account.h_wire).await?;
        output::line("account removed")
    })
}

/// `tilld token create INSTANCE`
pub(super) fn create_token(
    config: &Config,
    instance: &str,
    scope: &str,
    duration: Option<&str>,
    description: Option<String>,
) -> Result<(), Error> {
    let id = named(instance)?;
    let scope: TokenScope = scope.parse().map_err(|_| {
        Error::Usage(format!("\"{scope}\" is not a scope; see tilld token create -h"))
    })?;
    let duration = read_duration(duration.unwrap_or("forever"))?;
    with_till(config, Role::Guest, |till| async move {
        let principal = principal(&till, &id).await?;
        let wish = CreateToken { scope, duration: Some(duration), description };
        let issued = till.issue_token(&principal, wish).await?;
        let Err(error) = output::only_copy(issued.key.reveal()) else { return Ok(()) };
        // Nobody has the token, so it must not stay in the list.
        let serial = issued.serial;
        Err(Error::Other(match till.revoke_token(&principal, serial).await {
            Ok(()) => format!("the token could not be printed ({error}), so it was revoked"),
            Err(_) => format!(
                "token {serial} could not be printed ({error}); revoke it: \
                 tilld token revoke {id} {serial}"
            ),
        }))
    })
}

/// Parses `90d`, `12h`, `30m`, `45s` or `forever`. Weeks, fractions and sums, which jiff reads too, are refused.
fn read_duration(text: &str) -> Result<RelativeTime, Error> {
    let bad =
        || Error::Usage(format!("\"{text}\" is not a duration, like 90d, 12h, 30m or forever"));
    if text == "forever" {
        return Ok(RelativeTime::FOREVER);
    }
    let unit = match text.chars().last() {
        Some('d') => 86_400_u64,
        Some('h') => 3_600,
        Some('m') => 60,
        Some('s') => 1,
        _ => return Err(bad()),
    };
    let number = text.get(..text.len().saturating_sub(1)).and_then(|n| n.parse::<u64>().ok());
    let seconds = number.filter(|n| *n > 0).and_then(|n| n.checked_mul(unit)).ok_or_else(bad)?;
    RelativeTime::from_secs(seconds).map_err(|_| bad())
}

/// `tilld token list INSTANCE`
pub(super) fn tokens(config: &Config, instance: &str) -> Result<(), Error> {
    let id = named(instance)?;
    with_till(config, Role::Guest, |till| async move {
        let principal = principal(&till, &id).await?;
        let mut offset = None;
        loop {
            let page = till.tokens(&principal, 100, offset).await?;
            for token in &page {
                let until = until(token.expires_at);
                let note = token.label().unwrap_or_default();
                output::row(&[&token.serial, &token.scope, &until, &note])?;
            }
            let Some(last) = page.last() else { return Ok(()) };
            offset = Some(last.serial);
        }
    })
}

fn until(time: Timestamp) -> String {
    match time.secs() {
        None => "forever".into(),
        Some(seconds) => {
            let time =
                i64::try_from(seconds).ok().and_then(|s| jiff::Timestamp::from_second(s).ok());
            time.map_or("forever".into(), |time| format!("until {time}"))
        }
    }
}

/// `tilld token revoke INSTANCE SERIAL`
pub(super) fn revoke_token(config: &Config, instance: &str, serial: i64) -> Result<(), Error> {
    let id = named(instance)?;
    with_till(config, Role::Guest, |till| async move {
        let principal = principal(&till, &id).await?;
        till.revoke_token(&principal, serial).await?;
        output::line(format_args!("token {serial} revoked"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        let seconds =
            |text| read_duration(text).ok().and_then(|d| d.micros()).map(|us| us / 1_000_000);
        assert_eq!(seconds("90d"), Some(7_776_000));
        assert_eq!(seconds("12h"), Some(43_200));
        assert_eq!(seconds("1s"), Some(1));
        assert_eq!(read_duration("forever").unwrap(), RelativeTime::FOREVER);
        for bad in
            ["", "d", "0d", "-1d", "1w", "1", "99999999999999999999d", "9223372036854775807d", "ű"]
        {
            assert!(read_duration(bad).is_err(), "{bad}");
        }
    }
}
