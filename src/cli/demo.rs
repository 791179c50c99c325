//! `tilld demo`: daemon, sandbox exchange and demo shop in one process, on one address. The first
//! start creates all files and keys; later starts use them again.

use std::collections::HashMap;
use std::fs::DirBuilder;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use actix_web::web::{self, ServiceConfig};
use tempfile::NamedTempFile;

use super::args::Demo as Args;
use super::demo_folder::{EXCHANGE_FILE, at, demo_folder, fixed, kept};
use super::shop::with_till;
use super::{Error, demo_products, log_lines, output, owner};
use crate::config::{self, Config, Sources};
use crate::model::access::{Scope, TokenScope};
use crate::model::account::AccountDetails;
use crate::server::{self, ExtraServices};
use crate::store::Role;
use crate::till::{
    self, ApiToken, Auth, CreateAccount, CreateInstance, CreateToken, Password, Principal, Till,
};
use playground::demo::{self, CURRENCY, Demo, Parts};
use playground::sandbox::{Error as SandboxError, Sandbox, Settings};
use playground::wallet::Wallet;
use system::clock::Clock;
use system::random;
use taler::amount::Currency;
use taler::base32;
use taler::ids::InstanceId;
use taler::payto::Payto;
use taler::time::RelativeTime;
use taler::web::BaseUrl;

/// Path of the exchange below the daemon's base URL.
const EXCHANGE: &str = "sandbox-exchange";
/// The shop's bank account. The bank does not exist.
const ACCOUNT: &str = "payto://x-taler-bank/bank.invalid/demo-shop?receiver-name=The+demo+shop";
/// The only setting that the demonstration takes from the environment.
const LOG_LEVEL: &str = "TILLD_LOG__LEVEL";
impl From<demo::Error> for Error {
    fn from(error: demo::Error) -> Self {
        Self::Other(error.to_string())
    }
}

impl From<SandboxError> for Error {
    fn from(error: SandboxError) -> Self {
        Self::Sandbox(error)
    }
}

/// The exit status of a demonstration whose exchange could not be opened.
pub(super) fn status(error: &SandboxError) -> u8 {
    match error {
        SandboxError::InUse(_) => 5,
        error if error.is_unusable() => 4,
        _ => 1,
    }
}

/// `tilld demo`
pub(super) fn run(args: &Args) -> Result<(), Error> {
    if args.listen.ip().is_unspecified() {
        let text = "give the address by which browsers and wallets reach this machine, \
                    like 192.168.1.20:9966";
        return Err(Error::Usage(text.into()));
    }
    let folder = args.data_dir.clone().map_or_else(demo_folder, Ok)?;
    let database = folder.join("tilld.db");
    owner::become_owner(&database)?;
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(at(&folder))?;
    // Another process may have created it meanwhile.
    owner::become_owner(&database)?;
    // The system may have chosen the port, and all URLs contain it.
    let (listener, address) = listen(args.listen)?;
    let base_url = BaseUrl::parse(format!("http://{address}/")).map_err(fixed)?;
    let exchange = base_url.below(&[EXCHANGE]).map_err(fixed)?;

    let mut config = settings(&database, &base_url)?;
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
    if !sandbox.has_keys() {
        // Without keys no payment succeeds, and the till logs warnings about the exchange.
        log::info!("creating the sandbox exchange's keys");
        sandbox.await_keys();
    }
    let place = folder.clone();
    let secrets =
        with_till(&config, Role::Creator, |till| async move { set_up(&till, &place).await })?;
    // For "tilld wallet --data-dir", which withdraws there.
    write_secret(&folder.join(EXCHANGE_FILE), exchange.as_str())?;
    let demo = Demo::new(Parts {
        base_url: base_url.clone(),
        exchange: exchange.clone(),
        token: secrets.token.reveal().to_owned(),
        wallet: Wallet::open(&folder, Clock::system())?,
    })?;

    let mount = move |app: &mut ServiceConfig| {
        app.service(web::scope(&format!("/{EXCHANGE}")).service(sandbox.routes()));
        app.service(demo.routes());
    };
    let extra = ExtraServices { is_demo: true, listener: Some(listener), mount };
    let mut greeted = Ok(());
    server::serve_with(&config, extra, |_| {
        greeted = print_start(&base_url, &exchange, &secrets, &folder);
    })?;
    greeted
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    bound.map_err(|error| server::Error::Io(format!("cannot listen at {address}"), error).into())
}

/// The settings: the defaults, independent of the settings of the machine's own daemon.
fn settings(database: &Path, base_url: &BaseUrl) -> Result<Config, Error> {
    let mut flags = vec![
        ("database.path", database.display().to_string()),
        ("server.base_url", base_url.to_string()),
    ];
    let mut variables = HashMap::new();
    match std::env::var(LOG_LEVEL) {
        Ok(level) if !level.is_empty() => drop(variables.insert(LOG_LEVEL.to_owned(), level)),
        // Fewer log lines, so that the printed addresses stay visible.
        _ => flags.push(("log.level", "warn".to_owned())),
    }
    let mut config = config::load(&Sources { variables, flags, ..Sources::default() })?.config;
    // `demo` has opened the listener already.
    config.server.listen.clear();
    Ok(config)
}

/// The secrets that the demonstration prints.
struct Secrets {
    /// API token of the demo shop.
    token: ApiToken,
    /// Password of the back office, until the user changes it there.
    password: String,
}

/// Creates the instance, account, templates, products, token and password of the demo shop where they are missing.
async fn set_up(till: &Till, folder: &Path) -> Result<Secrets, Error> {
    let admin = InstanceId::admin();
    let principal = match till.admit_operator(&admin).await {
        Err(till::Error::InstanceUnknown(id)) => {
            let settings = till.plain_settings("The demo shop");
            till.create_instance(CreateInstance { id, settings, auth: None }).await?;
            till.admit_operator(&admin).await?
        }
        other => other?,
    };
    if till.accounts(&principal).await?.is_empty() {
        let payto_uri = Payto::parse(ACCOUNT).map_err(fixed)?;
        let details = AccountDetails::default();
        till.add_account(&principal, CreateAccount { payto_uri, details }).await?;
    }
    for template in demo::templates().map_err(fixed)? {
        match till.add_template(&principal, template.clone()).await {
            // Another version of the program created it.
            Err(till::Error::TemplateExists(_)) => {
                till.change_template(&principal, template).await?
            }
            other => other?,
        }
    }
    demo_products::stock_up(till, &principal).await?;
    let file = folder.join("token");
    let known = kept(&file)?.and_then(|text| ApiToken::parse(&text).ok());
    let token = match known.filter(|key| till.admit(&admin, Some(key), None).is_ok()) {
        Some(key) => key,
        None => issue(till, &principal, &file).await?,
    };
    let file = folder.join("password");
    let password = match kept(&file)? {
        Some(password) => password,
        None => {
            let password = base32::encode(&random::<5>().map_err(fixed)?).to_lowercase();
            let auth =
                Auth::Password(Password::parse(password.as_str()).map_err(till::Error::from)?);
            till.set_auth(&principal, auth).await?;
            write_secret(&file, &password)?;
            password
        }
    };
    Ok(Secrets { token, password })
}

/// Creates a token and writes it to the file first, because the till stores only its hash.
async fn issue(till: &Till, principal: &Principal, path: &Path) -> Result<ApiToken, Error> {
    let wish = CreateToken {
        scope: TokenScope { scope: Scope::All, refreshable: false },
        duration: Some(RelativeTime::FOREVER),
        description: Some("the demo shop".to_owned()),
    };
    let key = till.issue_token(principal, wish).await?.key;
    write_secret(path, key.reveal())?;
    Ok(key)
}

/// Writes `text` to the file atomically, readable only by its owner.
fn write_secret(path: &Path, text: &str) -> Result<(), Error> {
    let written = || -> io::Result<()> {
        let mut file = NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
        writeln!(file, "{text}")?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    written().map_err(at(path))
}

/// Prints the addresses and secrets.
fn print_start(
    base_url: &BaseUrl,
    exchange: &BaseUrl,
    secrets: &Secrets,
    folder: &Path,
) -> Result<(), Error> {
    output::line(format_args!("Shop: {base_url}shop/"))?;
    output::line(format_args!("API: {base_url}"))?;
    output::line(format_args!("Exchange: {exchange}"))?;
    output::line(format_args!("Token: {}", secrets.token.reveal()))?;
    output::line(format_args!("Till: {base_url}webui/till"))?;
    output::line(format_args!("Back office: {base_url}webui/"))?;
    output::line(format_args!("Password: {}", secrets.password))?;
    output::line("")?;
    output::line(
        "All money here is play money. Open the shop in a browser. Ctrl-C stops the demonstration.",
    )?;
    output::line(
        "In the back office you are the shopkeeper: sign in as admin with this password.",
    )?;
    if base_url.names_this_machine() {
        output::line(
            "Only this machine can reach it. For phones in your network, start it with the address that \
             this machine has there: tilld demo --listen ADDRESS:9966",
        )?;
    }
    output::line(format_args!("All data is kept in {} for the next start.", folder.display()))
}
