//! The command line: its definition (`args`) and its commands.
//!
//! Every command works while the daemon runs: it opens the same database as a second process. The file's
//! permissions are the only access control. Secrets are never arguments, because
//! other users of the machine can read those: they are typed, or read from a file.

pub mod args;
mod compare;
mod database;
#[cfg(feature = "demo")]
mod demo;
#[cfg(feature = "demo")]
mod demo_folder;
#[cfg(feature = "demo")]
mod demo_products;
mod doctor;
mod exchange;
mod log_lines;
mod output;
mod owner;
mod shop;
#[cfg(feature = "demo")]
mod wallet;
mod webhook;

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use clap::Parser;

pub use self::args::Args;
use self::args::{
    AccountCommand, Command, ExchangeCommand, InstanceCommand, TokenCommand, WebhookCommand,
};
pub use self::output::print_error;
use self::owner::Owner;
use crate::config::{self, BadConfig, Config, Listen, Loaded, Origin, Sources};
use crate::server::{self, store_options};
use crate::store::{self, Role, Store};
use crate::till;
#[cfg(feature = "demo")]
use playground::{sandbox::Error as SandboxError, wallet::Error as WalletError};

/// Default database of version 0.1.0, in the current folder.
const IN_CURRENT_FOLDER: &str = "tilld.db";

/// Why a command failed. It decides the exit status (decision 21).
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings cannot be used: 3.
    #[error("{0}")]
    Config(#[from] BadConfig),
    /// The daemon did not start: 3, 4, 5 or 1.
    #[error("{0}")]
    Server(#[from] server::Error),
    /// A use case failed: 4, 5 or 1.
    #[error("{0}")]
    Till(#[from] till::Error),
    /// The sandbox exchange could not be opened: 4, 5 or 1.
    #[cfg(feature = "demo")]
    #[error("{0}")]
    Sandbox(SandboxError),
    /// The wallet failed: 4, 2 or 1.
    #[cfg(feature = "demo")]
    #[error("{0}")]
    Wallet(WalletError),
    /// There is no database at this path; the text says the path's source and what to do: 4.
    #[error("no database at {0}{1}")]
    NoDatabase(PathBuf, String),
    /// Root refuses to work in this folder, because other users can put links into it: 4.
    #[error(
        "root does not work in {0}: other users can write there and could place links; \
         give the folder to the user who runs the daemon: chown USER {0}; or: chmod go-w {0}"
    )]
    SharedFolder(PathBuf),
    /// An error after root's command took the rights of another user; the user, and the
    /// user's folder that was the reason.
    #[error(
        "{2}\nWhen root runs it, tilld works with the rights of {0}, because {1} belongs to {0}, \
         who can make everything below it lead elsewhere: so name a place that {0} can use, or \
         one that only root's folders lead to."
    )]
    WithRightsOf(String, PathBuf, Box<Error>),
    /// The database at this path has no errors, but some exchanges could not be asked about their coins: 6.
    #[error(
        "{0}: no errors found; some deposits could not be compared with their \
         exchanges, which is no error of the database"
    )]
    NotCompared(PathBuf),
    /// An argument or input is invalid: 2.
    #[error("{0}")]
    Usage(String),
    /// Any other error, as text: 1.
    #[error("{0}")]
    Other(String),
}

impl Error {
    /// The exit status: 1 failed, 2 usage, 3 configuration, 4 store unusable, 5 already running, 6 not
    /// compared.
    pub fn status(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Server(server::Error::Setting(_)) => 3,
            Self::Server(server::Error::Store(error)) | Self::Till(till::Error::Store(error)) => {
                match error {
                    store::Error::AlreadyRunning(_) => 5,
                    error if error.is_unusable() => 4,
                    _ => 1,
                }
            }
            #[cfg(feature = "demo")]
            Self::Sandbox(error) => demo::status(error),
            #[cfg(feature = "demo")]
            Self::Wallet(error) => wallet::status(error),
            Self::NoDatabase(..) | Self::SharedFolder(_) => 4,
            Self::NotCompared(_) => 6,
            Self::WithRightsOf(.., error) => error.status(),
            Self::Usage(_)
            | Self::Till(till::Error::InvalidField(_) | till::Error::NoReceiverName) => 2,
            Self::Server(server::Error::Io(..)) | Self::Till(_) | Self::Other(_) => 1,
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Till(till::Error::Store(error))
    }
}

/// Parses the command line and runs the command.
///
/// # Errors
/// [`Error`]; its `Display` is written for the operator.
pub fn run() -> Result<(), Error> {
    let args = Args::parse();
    let command = args.command.unwrap_or_default();
    // The wallet does not use the shop's settings.
    #[cfg(feature = "demo")]
    if let Command::Wallet(wallet) = &command {
        log_lines::start(log::LevelFilter::Warn);
        return wallet::run(wallet);
    }
    #[cfg(feature = "demo")]
    if let Command::Demo(demo) = &command {
        if args.config.is_some() || args.database.is_some() {
            let text = "the demonstration uses its own settings and files; use --data-dir";
            return Err(Error::Usage(text.into()));
        }
        return demo::run(demo);
    }
    let mut flags = Vec::new();
    if let Some(path) = &args.database {
        flags.push(("database.path", path.display().to_string()));
    }
    if let Command::Serve(serve) = &command {
        if !serve.listen.is_empty() {
            flags.push(("server.listen", serve.listen.join(",")));
        }
        flags.extend(serve.base_url.clone().map(|url| ("server.base_url", url)));
    }
    let loaded = config::load(&Sources::of_process(args.config, flags))?;
    log_lines::start(loaded.config.log.level.0);
    for warning in &loaded.warnings {
        log::warn!("{warning}");
    }
    let config = &loaded.config;
    match command {
        Command::Serve(_) => serve(&loaded),
        Command::Passwd { instance, create, secret } => {
            shop::passwd(config, &instance, &secret, guest_or_creator(create))
        }
        Command::Instance { command } => match command {
            InstanceCommand::List => shop::instances(config),
            InstanceCommand::Add { instance, name, create, secret } => {
                shop::add_instance(config, &instance, name, &secret, guest_or_creator(create))
            }
            InstanceCommand::Show { instance } => shop::show_instance(config, &instance),
            InstanceCommand::Delete { instance, purge, force } => {
                shop::delete_instance(config, &instance, purge, force)
            }
        },
        Command::Exchange { command } => match command {
            ExchangeCommand::Add { url, yes, master_key } => {
                exchange::add(config, &url, yes, master_key.as_deref())
            }
            ExchangeCommand::List => exchange::list(config),
            ExchangeCommand::Remove { url } => exchange::remove(config, &url),
        },
        Command::SetupLink => shop::setup_link(config),
        Command::Account { command } => match command {
            AccountCommand::Add { instance, payto } => shop::add_account(config, &instance, &payto),
            AccountCommand::List { instance } => shop::accounts(config, &instance),
            AccountCommand::Remove { instance, payto } => {
                shop::remove_account(config, &instance, &payto)
            }
        },
        Command::Token { command } => match command {
            TokenCommand::Create { instance, scope, duration, description } => {
                shop::create_token(config, &instance, &scope, duration.as_deref(), description)
            }
            TokenCommand::List { instance } => shop::tokens(config, &instance),
            TokenCommand::Revoke { instance, serial } => {
                shop::revoke_token(config, &instance, serial)
            }
        },
        Command::Webhook { command } => match command {
            WebhookCommand::List { instance } => webhook::list(config, &instance),
            WebhookCommand::Test { instance, webhook } => {
                webhook::test(config, &instance, &webhook)
            }
            WebhookCommand::Log { instance, webhook, state, limit } => {
                webhook::log(config, &instance, &webhook, state.as_deref(), limit)
            }
            WebhookCommand::Resend { instance, webhook, number } => {
                webhook::resend(config, &instance, &webhook, number)
            }
        },
        Command::Backup { dest } => database::backup(config, &dest),
        Command::Restore { src } => database::restore(config, &src),
        Command::Check { ask_exchanges } => database::check(config, ask_exchanges),
        Command::Doctor { slow } => doctor::run(config, slow),
        Command::Config => database::show_config(&loaded),
        #[cfg(feature = "demo")]
        Command::Demo(demo) => demo::run(&demo),
        #[cfg(feature = "demo")]
        Command::Wallet(wallet) => wallet::run(&wallet),
    }
}

/// How a command opens the database: it creates one only with `--create`.
const fn guest_or_creator(create: bool) -> Role {
    if create { Role::Creator } else { Role::Guest }
}

/// Opens the database as `role`, with the rights of the data folder's owner if root asks.
///
/// # Errors
/// [`Error::NoDatabase`] says how to name the right file; otherwise as [`Store::open`].
fn open(config: &Config, role: Role) -> Result<Store, Error> {
    let owner = prepare(config, role)?;
    let opened = Store::open(&config.database.path, role, store_options(config));
    opened.map_err(|error| match explained(config, error) {
        missing @ Error::NoDatabase(..) => missing,
        error => with_rights_of(owner, error),
    })
}

/// Prepares for opening the database: root takes its owner's rights, and the default folder is
/// created if `role` may create a database.
fn prepare(config: &Config, role: Role) -> Result<Option<Owner>, Error> {
    let database = &config.database;
    if role != Role::Guest && database.origin == Origin::Default {
        refuse_to_hide_an_older_one(&database.path)?;
    }
    let before = owner::become_owner(&database.path)?;
    if role == Role::Guest || database.origin != Origin::Default {
        return Ok(before);
    }
    if let Some(folder) = database.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| Error::Other(format!("{}: {error}", folder.display())))?;
    }
    // The error is about the folder, not about the database file.
    Ok(owner::become_owner(&database.path)?.or(before))
}

/// Version 0.1.0 kept its database in the folder that it was started in. This says where
/// that file is, so that a shop does not seem lost.
fn refuse_to_hide_an_older_one(path: &Path) -> Result<(), Error> {
    let older = Path::new(IN_CURRENT_FOLDER);
    if path.exists() || !older.exists() {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "there is a {older} in this folder, where tilld 0.1.0 kept it, and none at {path}, where it \
         is looked for now. To go on with it: tilld --database {older} serve; or move it (with its \
         -wal, if there is one) to {path}",
        older = older.display(),
        path = path.display()
    )))
}

/// The error of a command that found no database: what to do about it.
fn explained(config: &Config, error: store::Error) -> Error {
    let store::Error::Missing(path) = error else { return error.into() };
    let origin = match &config.database.origin {
        Origin::Default => "the default path".to_owned(),
        origin => format!("from: {origin}"),
    };
    let mut rest = format!(
        " ({origin}).\n\
         If yours is elsewhere, name it: --database FILE, TILLD_DATABASE__PATH=FILE, or path under \
         [database] in the settings file.\n\
         For a new one: tilld serve; or: tilld passwd admin --create"
    );
    let older = Path::new(IN_CURRENT_FOLDER);
    if config.database.origin == Origin::Default && older.exists() {
        rest +=
            "\nThere is a tilld.db in this folder, where tilld 0.1.0 kept it: --database tilld.db";
    }
    Error::NoDatabase(path, rest)
}

/// Where the daemon listens: as it noted if it runs, else as the settings say.
fn listened(config: &Config) -> Vec<Listen> {
    let noted = store::listened_addresses(&config.database.path);
    let listen = |text: &String| {
        let text =
            text.strip_prefix("http://").map_or(text.as_str(), |rest| rest.trim_end_matches('/'));
        text.parse().ok()
    };
    let noted: Vec<Listen> = noted.iter().filter_map(listen).collect();
    if noted.is_empty() { config.server.listen.clone() } else { noted }
}

/// The URL at which a browser finds the daemon: the base URL, else one on this machine that fits
/// `addresses`; else a placeholder that the operator completes.
fn browser_address(config: &Config, addresses: &[String]) -> String {
    if let Some(base_url) = &config.server.base_url {
        return base_url.to_string();
    }
    match addresses.iter().find(|address| address.starts_with("http://")) {
        // A wildcard address cannot be visited.
        Some(address) => {
            address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
        }
        None => "https://YOUR-ADDRESS/".to_owned(),
    }
}

fn serve(loaded: &Loaded) -> Result<(), Error> {
    let config = &loaded.config;
    shop::take_first_password(config)?;
    let owner = prepare(config, Role::Daemon)?;
    let path = config.database.path.clone();
    let served = server::serve(config, |ready| {
        for address in &ready.addresses {
            log::info!("listening at {address}");
        }
        let place = browser_address(config, &ready.addresses);
        log::info!("back office at {place}webui/");
        log::info!("ready, database {}", path.display());
        if let Some(code) = &ready.setup_code {
            output::note(&format!(
                "\ntilld is running. There is no shop yet; create the first one in a browser:\n\
                 \x20 {place}webui/setup#{}\n\
                 The link works once, within a day. For a new one: tilld setup-link\n\
                 Without a browser: tilld passwd admin\n",
                code.reveal()
            ));
        } else if !ready.has_admin {
            output::note(
                "\ntilld is running. Next steps:\n\
                 \x20 tilld passwd admin                                 set a password\n\
                 \x20 tilld account add admin 'payto://iban/…?receiver-name=…'   say where the money goes\n\
                 \x20 tilld token create admin --scope order-full        create a token for the web shop\n",
            );
        }
    });
    served.map_err(|error| with_rights_of(owner, error.into()))
}

/// Adds the user whose rights root's command took to an error, because that user may lack access:
/// who it is, and why.
fn with_rights_of(owner: Option<Owner>, error: Error) -> Error {
    match owner {
        Some(owner) if error.status() == 4 => {
            let folder = owner.folder().to_owned();
            Error::WithRightsOf(owner.to_string(), folder, Box::new(error))
        }
        _ => error,
    }
}
