//! `tilld demo`: daemon, sandbox exchange and demo shop in one process, on one address. The first
//! start makes everything that is needed; later ones find it again.

use std::collections::HashMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use actix_web::web::{self, ServiceConfig};

use super::args::Demo as Args;
use super::shop::with_till;
use super::wallet::demo_folder;
use super::{Error, log_lines};
use crate::config::{self, Config, Sources};
use crate::demo::{self, CURRENCY, Demo, Parts};
use crate::domain::access::{Scope, TokenScope};
use crate::domain::account::AccountDetails;
use crate::domain::amount::Currency;
use crate::domain::ids::InstanceId;
use crate::domain::payto::Payto;
use crate::domain::time::RelativeTime;
use crate::domain::web::BaseUrl;
use crate::machine::Clock;
use crate::sandbox::{Sandbox, Settings};
use crate::server::{self, Company};
use crate::till::{self, AccountWish, Clerk, InstanceWish, Key, Till, TokenWish};
use crate::wallet::Wallet;

/// Where the exchange is, below the daemon's address.
const EXCHANGE: &str = "sandbox-exchange";
/// Where the shop's play money goes: to an account at a bank that is nowhere.
const ACCOUNT: &str = "payto://x-taler-bank/bank.invalid/demo-shop?receiver-name=The+demo+shop";
/// The one setting that the environment can change.
const LOG_LEVEL: &str = "TILLD_LOG__LEVEL";
/// Longest file with a token, in bytes.
const MAX_TOKEN: u64 = 1024;

impl From<demo::Error> for Error {
    fn from(error: demo::Error) -> Self {
        Self::Other(error.to_string())
    }
}

/// Says at which file the system failed.
fn at(path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |error| Error::Other(format!("{}: {error}", path.display()))
}

/// Our own fault: something fixed makes no sense.
fn fixed(error: impl std::fmt::Display) -> Error {
    Error::Other(error.to_string())
}

/// `tilld demo`
pub(super) fn run(args: &Args) -> Result<(), Error> {
    if args.listen.ip().is_unspecified() {
        let text = "say the very address by which browsers and wallets reach this machine, \
                    like 192.168.1.20:9966";
        return Err(Error::Usage(text.into()));
    }
    let folder = args.data_dir.clone().map_or_else(demo_folder, Ok)?;
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(at(&folder))?;
    // The port may be the system's choice, and everybody's addresses hold it.
    let (listener, address) = listen(args.listen)?;
    let base_url = BaseUrl::parse(format!("http://{address}/")).map_err(fixed)?;
    let exchange = base_url.below(&[EXCHANGE]).map_err(fixed)?;

    let mut config = settings(&folder, &base_url)?;
    log_lines::start(config.log.level.0);
    let currency = Currency::parse(CURRENCY).map_err(fixed)?;
    let sandbox = Sandbox::open(
        &folder.join("sandbox.db"),
        Settings::demo(currency, exchange.clone())?,
        Clock::system(),
    )?;
    config.exchange.push(config::Exchange {
        base_url: exchange.clone(),
        master_public_key: sandbox.master_public_key(),
        currency,
    });
    let file = folder.join("token");
    let token = with_till(&config, |till| async move { set_up(&till, &file).await })?;
    let demo = Demo::new(Parts {
        base_url: base_url.clone(),
        exchange: exchange.clone(),
        token: token.reveal().to_owned(),
        wallet: Wallet::open(&folder, Clock::system())?,
    })?;

    let mount = move |app: &mut ServiceConfig| {
        app.service(web::scope(&format!("/{EXCHANGE}")).service(sandbox.routes()));
        app.service(demo.routes());
    };
    let company = Company { is_demo: true, listener: Some(listener), mount };
    server::serve_with(&config, company, |_| greet(&base_url, &exchange, &token, &folder))?;
    Ok(())
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    bound.map_err(|error| server::Error::Io(format!("cannot listen at {address}"), error).into())
}

/// The settings: the defaults, whatever the machine's own daemon is told.
fn settings(folder: &Path, base_url: &BaseUrl) -> Result<Config, Error> {
    let mut flags = vec![
        ("database.path", folder.join("tilld.db").display().to_string()),
        ("server.base_url", base_url.to_string()),
    ];
    let mut variables = HashMap::new();
    match std::env::var(LOG_LEVEL) {
        Ok(level) => drop(variables.insert(LOG_LEVEL.to_owned(), level)),
        // What is printed at the start shall stay in sight.
        Err(_) => flags.push(("log.level", "warn".to_owned())),
    }
    let mut config = config::load(&Sources { file: None, variables, flags })?.config;
    // There is a listener already.
    config.server.listen.clear();
    Ok(config)
}

/// Sees to it that the till has all that the shop needs; the shop's token.
async fn set_up(till: &Till, token: &Path) -> Result<Key, Error> {
    let admin = InstanceId::admin();
    let clerk = match till.admit_operator(&admin).await {
        Err(till::Error::InstanceUnknown(id)) => {
            let settings = till.plain_settings("The demo shop");
            till.create_instance(InstanceWish { id, settings, auth: None }).await?;
            till.admit_operator(&admin).await?
        }
        other => other?,
    };
    if till.accounts(&clerk).await?.is_empty() {
        let payto_uri = Payto::parse(ACCOUNT).map_err(fixed)?;
        let details = AccountDetails::default();
        till.add_account(&clerk, AccountWish { payto_uri, details }).await?;
    }
    for template in demo::templates().map_err(fixed)? {
        match till.add_template(&clerk, template.clone()).await {
            // Another version of the program made it.
            Err(till::Error::TemplateExists(_)) => till.change_template(&clerk, template).await?,
            other => other?,
        }
    }
    match kept(token)?.filter(|key| till.admit(&admin, Some(key), None).is_ok()) {
        Some(key) => Ok(key),
        None => issue(till, &clerk, token).await,
    }
}

/// The token in the file, if there is one.
fn kept(path: &Path) -> Result<Option<Key>, Error> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(at(path)(error)),
    };
    let mut text = String::new();
    file.take(MAX_TOKEN).read_to_string(&mut text).map_err(at(path))?;
    Ok(Key::parse(text.trim()).ok())
}

/// A new token, in the file before anybody hears of it. The till keeps no more than its hash.
async fn issue(till: &Till, clerk: &Clerk, path: &Path) -> Result<Key, Error> {
    let wish = TokenWish {
        scope: TokenScope { scope: Scope::All, refreshable: false },
        duration: Some(RelativeTime::FOREVER),
        description: Some("the demo shop".to_owned()),
    };
    let key = till.issue_token(clerk, wish).await?.key;
    let new: PathBuf = path.with_extension("new");
    let written = || {
        let mut file =
            OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&new)?;
        writeln!(file, "{}", key.reveal())?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    written().map_err(at(path))?;
    Ok(key)
}

/// Says where everything is.
fn greet(base_url: &BaseUrl, exchange: &BaseUrl, token: &Key, folder: &Path) {
    println!("Shop: {base_url}shop/");
    println!("API: {base_url}");
    println!("Exchange: {exchange}");
    println!("Token: {}", token.reveal());
    println!();
    println!("All of it is play money. Open the shop in a browser; Ctrl-C ends it.");
    println!("It is kept in {} for the next time.", folder.display());
}
