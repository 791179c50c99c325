//! The settings: defaults ← file ← environment ← command line, into typed, checked values.
//!
//! The defaults are `packaging/tilld.toml`, embedded, so that what the file says and what the
//! program does cannot drift apart. An unknown key is an error in a file, with its
//! line, and a warning in the environment (decision 16). Only `main` and `server` read
//! this; other modules get values. No key holds a secret: passwords and tokens are hashed in the
//! store, and keys are created there.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use config::{Environment, File, FileFormat, Value};
use ipnet::IpNet;
use nix::unistd::geteuid;
use serde::de::{self, IntoDeserializer};
use serde::{Deserialize, Deserializer};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::webhook::AllowEntry;
use taler::amount::Currency;
use taler::currency::CurrencySpecification;
use taler::sign::PublicKey;
use taler::web::BaseUrl;

/// The annotated defaults, as shipped.
pub const DEFAULTS: &str = include_str!("../packaging/tilld.toml");
/// Where the database of a daemon run by root lies, when nothing else is said: where Debian keeps what
/// services keep, and where the package has it.
const DATABASE_OF_ROOT: &str = "/var/lib/tilld/tilld.db";
/// Where it lies when the sources of the settings say nothing of it, as in tests.
const DATABASE_OF_NOBODY: &str = "tilld.db";
/// Where the file is looked for when none is named.
pub const DEFAULT_FILE: &str = "/etc/tilld/tilld.toml";
/// Names the file from the environment.
pub const FILE_VARIABLE: &str = "TILLD_CONFIG";

/// Every key that the environment can set, in the order in which `tilld config` shows them.
pub const KEYS: &[&str] = &[
    "server.listen",
    "server.socket_mode",
    "server.socket_group",
    "server.base_url",
    "server.trusted_proxies",
    "server.workers",
    "server.max_connections",
    "server.max_connections_per_network",
    "server.keep_alive_s",
    "server.header_timeout_s",
    "server.body_timeout_s",
    "server.source_url",
    "limits.public_body_bytes",
    "limits.pay_body_bytes",
    "limits.order_body_bytes",
    "limits.private_body_bytes",
    "polls.max_total",
    "polls.max_per_topic",
    "polls.max_per_client",
    "polls.max_wait_s",
    "strangers.network_burst",
    "strangers.network_per_minute",
    "strangers.template_burst",
    "strangers.template_per_minute",
    "strangers.max_open_orders",
    "strangers.disk_reserve_bytes",
    "exchanges.request_timeout_s",
    "exchanges.attempts",
    "webhooks.allow",
    "webhooks.allow_http",
    "webhooks.max_waiting",
    "webhooks.max_variables_bytes",
    "webhooks.disk_reserve_bytes",
    "webhooks.delivered_kept_days",
    "webhooks.undelivered_kept_days",
    "legacy.enabled",
    "admin.listen",
    "database.path",
    "database.readers",
    "database.write_queue",
    "currency.default",
    "instance.default_pay_delay_s",
    "instance.default_refund_delay_s",
    "instance.default_wire_transfer_delay_s",
    "legal.terms",
    "legal.privacy",
    "log.level",
];

/// What only a file can hold: lists of tables, and what is in those that are sections.
const FILE_KEYS: &[&str] = &[
    "currency.specification",
    "exchange.base_url",
    "exchange.master_public_key",
    "exchange.currency",
];

/// Keys that hold lists; the environment separates their items by commas.
const LISTS: &[&str] =
    &["server.listen", "server.trusted_proxies", "webhooks.allow", "legal.terms", "legal.privacy"];

/// All settings, checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `[server]`
    pub server: Server,
    /// `[limits]`
    pub limits: Limits,
    /// `[polls]`
    pub polls: Polls,
    /// `[strangers]`
    pub strangers: Strangers,
    /// `[exchanges]`
    pub exchanges: Exchanges,
    /// `[webhooks]`
    pub webhooks: Webhooks,
    /// `[legacy]`
    pub legacy: Legacy,
    /// `[admin]`
    pub admin: Admin,
    /// `[database]`
    pub database: Database,
    /// `[currency]`
    pub currency: Currencies,
    /// `[instance]`
    pub instance: InstanceDefaults,
    /// `[legal]`
    pub legal: Legal,
    /// `[log]`
    pub log: Log,
    /// `[[exchange]]`, as many as are trusted.
    #[serde(default)]
    pub exchange: Vec<Exchange>,
}

/// How the daemon answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Where to answer.
    #[serde(deserialize_with = "one_or_more")]
    pub listen: Vec<Listen>,
    /// Who may connect to unix sockets; as the system has it when absent.
    pub socket_mode: Option<SocketMode>,
    /// The group that unix sockets are given, by name or number.
    pub socket_group: Option<String>,
    /// The address that wallets use, if it is fixed.
    pub base_url: Option<BaseUrl>,
    /// Peers whose forwarded headers are believed.
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// Threads; 0 means one per processor, at most 4.
    pub workers: usize,
    /// Connections at one time; 0 means what the system allows.
    pub max_connections: usize,
    /// Connections of one network at one time: an IPv4 address, an IPv6 network of 64 bits.
    pub max_connections_per_network: usize,
    /// Seconds an idle connection is kept.
    pub keep_alive_s: u64,
    /// Seconds for a request's head.
    pub header_timeout_s: u64,
    /// Seconds for a request's body.
    pub body_timeout_s: u64,
    /// Where the source code of this program is found.
    pub source_url: Option<String>,
}

/// Longest request bodies, in bytes (decision 14).
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// On public endpoints.
    pub public_body_bytes: usize,
    /// When a wallet pays or aborts: 256 coins.
    pub pay_body_bytes: usize,
    /// On order creation.
    pub order_body_bytes: usize,
    /// On private endpoints that take pictures.
    pub private_body_bytes: usize,
}

/// How many requests may wait for news, and how long (decision 15).
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Polls {
    /// In all.
    pub max_total: usize,
    /// For one order or session.
    pub max_per_topic: usize,
    /// From one client's address.
    pub max_per_client: usize,
    /// Longest wait, in seconds.
    pub max_wait_s: u64,
}

/// What people without a token of the shop can have written (decision 25).
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strangers {
    /// Changes that one network may make at once.
    pub network_burst: NonZeroU32,
    /// How many more a minute.
    pub network_per_minute: NonZeroU32,
    /// Orders that may be made of one template at once.
    pub template_burst: NonZeroU32,
    /// How many more a minute.
    pub template_per_minute: NonZeroU32,
    /// Unpaid orders of strangers that an instance may have.
    pub max_open_orders: NonZeroU32,
    /// Bytes of the disk that must be free.
    pub disk_reserve_bytes: u64,
}

/// How exchanges are asked.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchanges {
    /// Seconds until a request has failed.
    pub request_timeout_s: u64,
    /// How often a request is sent that fails for a reason that may pass.
    pub attempts: u32,
}

/// Where webhooks may go, and how much is kept of what they are told (webhooks 5.5 and 5.7).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// What may be called beyond the public Internet: addresses, networks, `localhost`.
    pub allow: Vec<AllowEntry>,
    /// Whether addresses with http may be called beyond this machine.
    pub allow_http: bool,
    /// Deliveries of an instance that may wait.
    pub max_waiting: u32,
    /// Bytes of variables of its events that may wait.
    pub max_variables_bytes: u64,
    /// Bytes of the disk that must be free for events to be written.
    pub disk_reserve_bytes: u64,
    /// Days that delivered events stay in the log.
    pub delivered_kept_days: u32,
    /// Days that others do.
    pub undelivered_kept_days: u32,
}

/// The API of 2019. Without the feature `legacy` it is not served, whatever this says.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Legacy {
    /// Whether it is served.
    pub enabled: bool,
}

/// The operator's own listener.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    /// Where `/metrics` and its like are answered; off when absent.
    pub listen: Option<Listen>,
}

/// The file, and how it is used.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Where the file is.
    pub path: PathBuf,
    /// Who said so.
    #[serde(skip)]
    pub origin: Origin,
    /// Connections for reading.
    pub readers: u32,
    /// Changes that may wait for the writer.
    pub write_queue: usize,
}

/// Currencies and how to show them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Currencies {
    /// Default currency of amounts.
    pub default: Currency,
    /// Whether it was set explicitly.
    #[serde(skip)]
    pub is_set: bool,
    /// Specifications beyond, or instead of, those built in.
    #[serde(default)]
    pub specification: Vec<CurrencySpecification>,
}

/// What a new instance starts with, in seconds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceDefaults {
    /// Time to pay.
    pub default_pay_delay_s: u64,
    /// Time in which refunds are possible.
    pub default_refund_delay_s: u64,
    /// Time until the exchange wires.
    pub default_wire_transfer_delay_s: u64,
}

/// Documents for customers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Legal {
    /// Files shown at `/terms`.
    #[serde(deserialize_with = "one_or_more")]
    pub terms: Vec<PathBuf>,
    /// Files shown at `/privacy`.
    #[serde(deserialize_with = "one_or_more")]
    pub privacy: Vec<PathBuf>,
}

/// What is logged.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// The least severe level that is shown.
    pub level: Level,
}

/// A trusted exchange.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// Where it is.
    pub base_url: BaseUrl,
    /// What its keys are verified with.
    pub master_public_key: PublicKey,
    /// What its coins are in.
    pub currency: Currency,
}

/// An address to answer at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Listen {
    /// An IP address and a port.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return match path.starts_with('/') {
                true => Ok(Self::Unix(path.into())),
                false => Err(format!("\"{text}\": a unix socket needs a full path")),
            };
        }
        let local = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
        match local.as_deref().unwrap_or(text).parse() {
            Ok(address) => Ok(Self::Tcp(address)),
            Err(_) if text.to_socket_addrs().is_ok() => {
                Err(format!("\"{text}\" is a name; give the IP address"))
            }
            Err(_) => Err(format!(
                "\"{text}\" is no address; give one like 127.0.0.1:9966 or unix:/run/tilld.sock"
            )),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "http://{address}/"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Networks; an address alone is a network of one.
fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let texts: Vec<String> = one_or_more(deserializer)?;
    let network = |text: String| match text.parse::<IpAddr>() {
        Ok(address) => Ok(IpNet::from(address.to_canonical())),
        Err(_) => text.parse().map_err(|_| {
            let like = "give an address or a network, like 10.0.0.5 or 10.0.0.0/8";
            de::Error::custom(format!("\"{text}\" is neither an address nor a network; {like}"))
        }),
    };
    texts.into_iter().map(network).collect()
}

/// A list, or its only item as it is.
fn one_or_more<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    struct Items<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Items<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text or a list of texts")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<T>, E> {
            Ok(vec![T::deserialize(text.into_deserializer())?])
        }

        fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
            let mut all = Vec::new();
            while let Some(item) = items.next_element()? {
                all.push(item);
            }
            Ok(all)
        }
    }
    deserializer.deserialize_any(Items(PhantomData))
}

/// The mode of a unix socket, written in octal digits, as `chmod` takes it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SocketMode(pub u32);

impl<'de> Deserialize<'de> for SocketMode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // Its owner must be able to use it; what TOML calls a number (0o660) never passes this, and
        // would mean something else.
        match u32::from_str_radix(&text, 8) {
            Ok(mode) if mode <= 0o777 && mode & 0o600 == 0o600 => Ok(Self(mode)),
            _ => Err(de::Error::custom(format!(
                "\"{text}\" is no mode of a socket; give octal digits in quotes, like \"0660\""
            ))),
        }
    }
}

/// A log level.
#[derive(Clone, Copy, Debug)]
pub struct Level(pub log::LevelFilter);

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.parse() {
            Ok(level) if level != log::LevelFilter::Off => Ok(Self(level)),
            _ => Err(de::Error::custom(format!(
                "\"{text}\" is no level; take error, warn, info, debug or trace"
            ))),
        }
    }
}

/// Why the settings cannot be used; says which key and, in a file, which line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadConfig(String);

/// Where a value came from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Origin {
    /// The default.
    #[default]
    Default,
    /// The settings file.
    File(PathBuf),
    /// The environment variable of this name.
    Variable(String),
    /// The command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag => f.write_str("command line"),
        }
    }
}

/// The settings in force, and how they came about.
#[derive(Debug)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// For each of [`KEYS`]: its value as text (`None`: not set) and where it came from.
    pub effective: Vec<(&'static str, Option<String>, Origin)>,
    /// What looks wrong but does no harm.
    pub warnings: Vec<String>,
}

/// What the settings are made from, besides the defaults.
#[derive(Clone, Debug)]
pub struct Sources {
    /// The file that was named, if any; it must exist.
    pub file: Option<PathBuf>,
    /// The environment.
    pub variables: HashMap<String, String>,
    /// What the command line says, by key.
    pub flags: Vec<(&'static str, String)>,
    /// Where the database lies when nothing of these says so; `None`: something of these must.
    pub usual_database: Option<PathBuf>,
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            file: None,
            variables: HashMap::new(),
            flags: Vec::new(),
            usual_database: Some(DATABASE_OF_NOBODY.into()),
        }
    }
}

impl Sources {
    /// The file named on the command line, else in the environment, else the usual one if it is
    /// there; and the environment of this process.
    pub fn of_process(file: Option<PathBuf>, flags: Vec<(&'static str, String)>) -> Self {
        // Texts that are no UTF-8 cannot be meant for us.
        let variables: HashMap<_, _> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            // Who sets a variable to nothing, as in a file of variables, wants it unset.
            .filter(|(name, value)| name.starts_with("TILLD_") && !value.is_empty())
            .collect();
        let usual = || Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists());
        let file = file.or_else(|| variables.get(FILE_VARIABLE).map(PathBuf::from)).or_else(usual);
        let folder =
            |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let usual_database =
            usual_database(geteuid().is_root(), folder("XDG_DATA_HOME"), folder("HOME"));
        Self { file, variables, flags, usual_database }
    }
}

/// Default path of the database: for root where Debian keeps the data of services, else in
/// the user's folder for data, so that every terminal means the same one; `None` for a user without one.
fn usual_database(is_root: bool, data: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    if is_root {
        return Some(DATABASE_OF_ROOT.into());
    }
    let data = data.or_else(|| Some(home?.join(".local/share")))?;
    Some(data.join("tilld").join("tilld.db"))
}

/// Reads and checks the settings.
///
/// # Errors
/// [`BadConfig`] says which key of which source cannot be used, and why.
pub fn load(sources: &Sources) -> Result<Loaded, BadConfig> {
    let usual = sources.usual_database.as_deref().unwrap_or(Path::new(DATABASE_OF_NOBODY));
    let defaults = || {
        let builder = config::Config::builder().add_source(toml_text(DEFAULTS));
        builder
            .set_default("database.path", usual.display().to_string())
            .map_err(|error| BadConfig(error.to_string()))
    };
    let mut builder = defaults()?;
    let mut in_file = None;
    if let Some(path) = &sources.file {
        let text = std::fs::read_to_string(path)
            .map_err(|error| BadConfig(format!("cannot read {}: {error}", path.display())))?;
        check_file(path, &text)?;
        builder = builder.add_source(toml_text(&text));
        let values = build(config::Config::builder().add_source(toml_text(&text)))?;
        in_file = Some(InFile { path: path.clone(), text, values });
    }
    let (known, warnings) = known_variables(&sources.variables);
    let mut environment = Environment::with_prefix("TILLD")
        .prefix_separator("_")
        .separator("__")
        .try_parsing(true)
        .list_separator(",")
        .source(Some(known.iter().map(|(k, (_, v))| (variable_of(k), v.clone())).collect()));
    for key in LISTS {
        environment = environment.with_list_parse_key(key);
    }
    builder = builder.add_source(environment);
    for (key, value) in &sources.flags {
        builder = builder
            .set_override(*key, flag_value(key, value))
            .map_err(|error| BadConfig(format!("{key}: {error}")))?;
    }
    let built = build(builder)?;

    let origin = |key| {
        if sources.flags.iter().any(|(flag, _)| *flag == key) {
            Origin::Flag
        } else if let Some((name, _)) = known.get(key) {
            Origin::Variable(name.clone())
        } else {
            match &in_file {
                Some(file) if file.values.get::<Value>(key).is_ok() => {
                    Origin::File(file.path.clone())
                }
                _ => Origin::Default,
            }
        }
    };
    let effective = KEYS.iter().map(|&key| (key, shown(&built, key), origin(key))).collect();
    let mut config = checked(built).map_err(|error| {
        let suspects = Suspects { in_file: &in_file, known: &known, flags: &sources.flags };
        suspects.blame(error, || defaults().ok())
    })?;
    config.database.origin = origin("database.path");
    config.currency.is_set = origin("currency.default") != Origin::Default;
    if config.database.origin == Origin::Default && sources.usual_database.is_none() {
        return Err(BadConfig(
            "there is no place for the database: neither HOME nor XDG_DATA_HOME names a folder by its \
             full path. Set one of them, or name the file: --database FILE, TILLD_DATABASE__PATH=FILE, or \
             path under [database] in the settings file"
                .into(),
        ));
    }
    Ok(Loaded { config, effective, warnings })
}

fn checked(built: config::Config) -> Result<Config, BadConfig> {
    let config: Config = built.try_deserialize().map_err(|error| BadConfig(error.to_string()))?;
    check(&config)?;
    Ok(config)
}

/// All that was set, of which something cannot be used.
struct Suspects<'a> {
    in_file: &'a Option<InFile>,
    known: &'a HashMap<&'static str, (String, String)>,
    flags: &'a [(&'static str, String)],
}

/// A settings file, read.
struct InFile {
    path: PathBuf,
    text: String,
    values: config::Config,
}

impl Suspects<'_> {
    /// Adds the source of the value that caused `error`: the one that is invalid even with nothing
    /// else set. (The library that merges the sources does not know the lines of a file.)
    fn blame(
        &self,
        error: BadConfig,
        defaults: impl Fn() -> Option<config::ConfigBuilder<config::builder::DefaultState>>,
    ) -> BadConfig {
        let fails = |key: &str, value: Value| {
            let built = defaults()?.set_override(key, value).ok()?.build().ok()?;
            checked(built).err()
        };
        for (key, text) in self.flags {
            if let Some(BadConfig(why)) = fails(key, flag_value(key, text)) {
                return BadConfig(format!("command line: {}", named(key, &why)));
            }
        }
        for key in KEYS {
            let Some((name, text)) = self.known.get(key) else { continue };
            if self.flags.iter().any(|(flag, _)| flag == key) {
                continue;
            }
            if let Some(BadConfig(why)) = fails(key, flag_value(key, text)) {
                return BadConfig(format!("{name}: {}", named(key, &why)));
            }
        }
        let Some(InFile { path, text, values }) = self.in_file else { return error };
        for key in KEYS {
            let Ok(value) = values.get::<Value>(key) else { continue };
            if let Some(BadConfig(why)) = fails(key, value) {
                let line =
                    line_of(text, key).map_or(String::new(), |line| format!("line {line}: "));
                return BadConfig(format!("{}: {line}{}", path.display(), named(key, &why)));
            }
        }
        match bad_table(text) {
            Some((line, why)) => BadConfig(format!("{}: line {line}: {why}", path.display())),
            None => BadConfig(format!("{}: {error}", path.display())),
        }
    }
}

/// `why`, with `key` in front unless it is named already.
fn named(key: &str, why: &str) -> String {
    if why.contains(key) { why.to_owned() } else { format!("{key}: {why}") }
}

/// The line number of `key` in a settings file.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let file = DeTable::parse(text).ok()?;
    let (section, name) = key.split_once('.')?;
    let table = file.get_ref().iter().find(|(found, _)| found.get_ref() == section)?.1;
    let table = table.get_ref().as_table()?;
    let (found, _) = table.iter().find(|(found, _)| found.get_ref() == name)?;
    Some(line_at(text, found.span().start))
}

fn line_at(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count().saturating_add(1)
}

/// What is wrong with a table of which a file may hold several, and on which line.
fn bad_table(text: &str) -> Option<(usize, String)> {
    /// The tables that the environment cannot set; the rest was seen to.
    #[derive(Deserialize)]
    struct Tables {
        #[serde(default, rename = "exchange")]
        _exchange: Vec<Exchange>,
        #[serde(default, rename = "currency")]
        _currency: Specifications,
    }
    #[derive(Default, Deserialize)]
    struct Specifications {
        #[serde(default, rename = "specification")]
        _specification: Vec<CurrencySpecification>,
    }
    let error = toml::from_str::<Tables>(text).err()?;
    let line = line_at(text, error.span()?.start);
    let shown = text.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim();
    Some((line, format!("{} ({shown})", error.message())))
}

/// The value of a flag or variable.
fn flag_value(key: &str, text: &str) -> Value {
    match LISTS.contains(&key) {
        true => Value::from(text.split(',').map(str::to_owned).collect::<Vec<_>>()),
        false => Value::from(text.to_owned()),
    }
}

fn toml_text(text: &str) -> File<config::FileSourceString, FileFormat> {
    File::from_str(text, FileFormat::Toml)
}

fn build(
    builder: config::ConfigBuilder<config::builder::DefaultState>,
) -> Result<config::Config, BadConfig> {
    builder.build().map_err(|error| BadConfig(error.to_string()))
}

/// A key's value as `tilld config` shows it.
fn shown(built: &config::Config, key: &str) -> Option<String> {
    match LISTS.contains(&key) {
        true => match built.get::<Vec<String>>(key) {
            Ok(list) => Some(format!("{list:?}")),
            Err(_) => built.get_string(key).ok().map(|one| format!("{:?}", [one])),
        },
        false => built.get_string(key).ok(),
    }
}

/// The variable that sets `key`.
fn variable_of(key: &str) -> String {
    format!("TILLD_{}", key.replace('.', "__").to_uppercase())
}

/// Sorts the environment: what sets a key (by key: the variable's name and text), and warnings
/// about the rest.
fn known_variables(
    variables: &HashMap<String, String>,
) -> (HashMap<&'static str, (String, String)>, Vec<String>) {
    let mut known = HashMap::new();
    let mut warnings = Vec::new();
    for (name, value) in variables {
        if value.is_empty() {
            continue;
        }
        match KEYS.iter().find(|key| variable_of(key) == *name) {
            Some(key) => {
                known.insert(*key, (name.clone(), value.clone()));
            }
            None if name == FILE_VARIABLE => {}
            None => warnings.push(format!("{name} is set, but tilld knows no such setting")),
        }
    }
    warnings.sort();
    (known, warnings)
}

/// Checks that every key of the file is known. Their values are checked later.
fn check_file(path: &Path, text: &str) -> Result<(), BadConfig> {
    let complaint = |what: &str| BadConfig(format!("{}: {}", path.display(), what.trim_end()));
    let file = DeTable::parse(text).map_err(|error| complaint(&error.to_string()))?;
    match file.get_ref().iter().find_map(|(name, value)| unknown(name, value.get_ref())) {
        None => Ok(()),
        Some((at, key)) => {
            let line = line_at(text, at);
            Err(complaint(&format!("line {line}: there is no key \"{key}\"")))
        }
    }
}

/// The first unknown key in a section of a file, and its line.
fn unknown(name: &Spanned<Cow<'_, str>>, section: &DeValue<'_>) -> Option<(usize, String)> {
    let tables: Vec<_> = match section {
        DeValue::Table(table) => vec![table],
        DeValue::Array(items) => {
            items.iter().filter_map(|item| item.get_ref().as_table()).collect()
        }
        _ => Vec::new(),
    };
    let section = name.get_ref();
    let known = || {
        KEYS.iter()
            .chain(FILE_KEYS)
            .filter_map(|key| key.strip_prefix(&**section)?.strip_prefix('.'))
    };
    if known().next().is_none() {
        return Some((name.span().start, section.to_string()));
    }
    let mut keys = tables.into_iter().flat_map(DeTable::keys);
    let bad = keys.find(|key| known().all(|known| known != key.get_ref()))?;
    Some((bad.span().start, format!("{section}.{}", bad.get_ref())))
}

/// Checks what types alone cannot say.
fn check(config: &Config) -> Result<(), BadConfig> {
    let bad = |text: String| Err(BadConfig(text));
    if config.server.listen.is_empty() {
        return bad("server.listen: at least one address is needed".into());
    }
    if config.server.max_connections_per_network == 0 {
        return bad("server.max_connections_per_network: 0 is too small".into());
    }
    let at_least_one = [
        ("server.header_timeout_s", config.server.header_timeout_s),
        ("server.body_timeout_s", config.server.body_timeout_s),
        ("database.readers", config.database.readers.into()),
        ("instance.default_pay_delay_s", config.instance.default_pay_delay_s),
    ];
    if let Some((key, _)) = at_least_one.iter().find(|(_, value)| *value == 0) {
        return bad(format!("{key}: 0 is too small"));
    }
    if config.server.workers > 64 || config.database.readers > 64 {
        return bad("server.workers and database.readers: at most 64".into());
    }
    if !(1..=1_000_000).contains(&config.database.write_queue) {
        return bad("database.write_queue: between 1 and 1000000".into());
    }
    let limits = config.limits;
    let bodies = [
        limits.public_body_bytes,
        limits.pay_body_bytes,
        limits.order_body_bytes,
        limits.private_body_bytes,
    ];
    if bodies.iter().any(|size| !(1024..=64 * 1024 * 1024).contains(size)) {
        return bad("limits: between 1024 and 67108864 bytes".into());
    }
    if !(1..=3600).contains(&config.polls.max_wait_s) {
        return bad("polls.max_wait_s: between 1 and 3600 seconds".into());
    }
    if !(1..=120).contains(&config.exchanges.request_timeout_s) {
        return bad("exchanges.request_timeout_s: between 1 and 120 seconds".into());
    }
    if !(1..=10).contains(&config.exchanges.attempts) {
        return bad("exchanges.attempts: between 1 and 10".into());
    }
    if let Some(Listen::Tcp(address)) = &config.admin.listen
        && !address.ip().is_loopback()
    {
        return bad(format!("admin.listen: {address} is not on this machine (take 127.0.0.1)"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_file(text: &str) -> Result<Loaded, BadConfig> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tilld.toml");
        std::fs::write(&path, text).unwrap();
        load(&Sources { file: Some(path), ..Sources::default() })
    }

    fn with_variables(variables: &[(&str, &str)]) -> Result<Loaded, BadConfig> {
        let variables = variables.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        load(&Sources { variables, ..Sources::default() })
    }

    #[test]
    fn the_shipped_file_is_the_defaults() {
        let loaded = load(&Sources::default()).unwrap();
        assert_eq!(loaded.config.server.listen, ["127.0.0.1:9966".parse().unwrap()]);
        assert_eq!(loaded.config.database.path, Path::new("tilld.db"));
        assert!(loaded.warnings.is_empty());
        assert!(loaded.effective.iter().all(|(_, _, origin)| *origin == Origin::Default));
        check_file(Path::new("shipped"), DEFAULTS).unwrap();
    }

    /// nginx, Apache and most load balancers cut a request after 60 seconds without an answer.
    #[test]
    fn the_longest_poll_ends_before_what_stands_in_front_gives_up() {
        assert_eq!(load(&Sources::default()).unwrap().config.polls.max_wait_s, 50);
    }

    #[test]
    fn every_commented_example_of_the_shipped_file_is_a_setting_too() {
        let uncommented: String = DEFAULTS
            .lines()
            .map(|line| line.strip_prefix("# ").filter(|l| l.contains(" = ") || l.starts_with('[')))
            .zip(DEFAULTS.lines())
            .map(|(example, line)| example.unwrap_or(line).to_owned() + "\n")
            .filter(|line| !line.contains('…') || line.starts_with('#'))
            .collect();
        let key = "master_public_key = \"8307MFV7XKCZ2QQTTJ5RCKX613WVXNBTRTE41XSJMZAT49742QD0\"\n";
        let loaded = with_file(&(uncommented + key)).unwrap();
        assert_eq!(loaded.config.exchange.len(), 1);
        assert_eq!(loaded.config.currency.specification.len(), 1);
        assert!(loaded.config.admin.listen.is_some() && loaded.config.server.base_url.is_some());
    }

    #[test]
    fn later_sources_win_and_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tilld.toml");
        std::fs::write(&path, "[server]\nworkers = 2\nkeep_alive_s = 20\n[log]\nlevel = 'warn'\n")
            .unwrap();
        let loaded = load(&Sources {
            file: Some(path.clone()),
            variables: HashMap::from([
                ("TILLD_SERVER__KEEP_ALIVE_S".into(), "30".into()),
                ("TILLD_SERVER__LISTEN".into(), "127.0.0.1:1,unix:/run/x".into()),
                ("TILLD_LOG__LEVEL".into(), "debug".into()),
            ]),
            flags: vec![("log.level", "error".into())],
            ..Sources::default()
        })
        .unwrap();
        assert_eq!(loaded.config.server.workers, 2);
        assert_eq!(loaded.config.server.keep_alive_s, 30);
        assert_eq!(loaded.config.server.listen.len(), 2);
        assert_eq!(loaded.config.log.level.0, log::LevelFilter::Error);
        let origin = |key| loaded.effective.iter().find(|(k, ..)| *k == key).unwrap().2.clone();
        assert_eq!(origin("server.workers"), Origin::File(path));
        assert_eq!(
            origin("server.keep_alive_s"),
            Origin::Variable("TILLD_SERVER__KEEP_ALIVE_S".into())
        );
        assert_eq!(origin("log.level"), Origin::Flag);
        assert_eq!(origin("database.path"), Origin::Default);
    }

    #[test]
    fn a_list_may_be_its_only_item() {
        let loaded =
            with_file("[server]\nlisten = '127.0.0.1:1'\ntrusted_proxies = '10.0.0.0/8'\n");
        let loaded = loaded.unwrap();
        assert_eq!(loaded.config.server.listen, ["127.0.0.1:1".parse().unwrap()]);
        assert_eq!(loaded.config.server.trusted_proxies, ["10.0.0.0/8".parse().unwrap()]);
        let shown = |key| loaded.effective.iter().find(|(k, ..)| *k == key).unwrap().1.clone();
        assert_eq!(shown("server.listen").unwrap(), "[\"127.0.0.1:1\"]");
        let loaded = with_file("[server]\nlisten = ['127.0.0.1:1', 'unix:/run/x']\n").unwrap();
        assert_eq!(loaded.config.server.listen.len(), 2);
        let loaded = with_variables(&[("TILLD_SERVER__LISTEN", "127.0.0.1:1")]).unwrap();
        assert_eq!(loaded.config.server.listen.len(), 1);
        assert!(with_file("[server]\nlisten = 1\n").is_err());
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        let all: Vec<_> = KEYS.iter().map(|key| variable_of(key)).collect();
        let all: Vec<_> = all.iter().map(|name| (name.as_str(), "")).collect();
        let loaded = with_variables(&all).unwrap();
        assert!(loaded.effective.iter().all(|(_, _, origin)| *origin == Origin::Default));
        assert!(loaded.warnings.is_empty());
    }

    #[test]
    fn a_socket_has_a_mode_in_octal_digits() {
        for (text, mode) in [("'0660'", 0o660), ("'666'", 0o666), ("'0600'", 0o600)] {
            let loaded = with_file(&format!("[server]\nsocket_mode = {text}\n")).unwrap();
            assert_eq!(loaded.config.server.socket_mode, Some(SocketMode(mode)));
        }
        let loaded = with_variables(&[("TILLD_SERVER__SOCKET_MODE", "0660")]).unwrap();
        assert_eq!(loaded.config.server.socket_mode, Some(SocketMode(0o660)));
        for bad in ["'0040'", "'0668'", "'rw'", "'1777'", "0o660", "0o666", "0o600", "0o770"] {
            let message = with_file(&format!("[server]\nsocket_mode = {bad}\n")).unwrap_err();
            assert!(message.to_string().contains("line 2"), "{bad}: {message}");
        }
    }

    #[test]
    fn an_invalid_value_is_named_with_its_source() {
        for (text, words) in [
            ("[server]\n\nworkers = 'many'\n", ["tilld.toml: line 3: ", "server.workers"]),
            ("[log]\nlevel = 'loud'\n", ["line 2: ", "\"loud\""]),
            ("[server]\nlisten = [\n'127.0.0.1:1',\n'x']\n", ["line 2: ", "\"x\""]),
            ("[database]\nreaders = 65\n", ["line 2: ", "database.readers"]),
            ("[polls]\nmax_total = -1\n", ["line 2: ", "polls.max_total"]),
            ("[currency]\ndefault = '€'\n", ["line 2: ", "currency.default"]),
            ("log.level = 'loud'\n", ["line 1: ", "log.level"]),
            ("\n[[exchange]]\nbase_url = 'x'\n", ["line 3: ", "tilld.toml"]),
            ("\n[[exchange]]\nbase_url = 'https://e.example/'\n", ["line 2: ", "missing field"]),
            (
                "[[currency.specification]]\ncurrency = 'A'\nname = 1\n",
                ["line 3: ", "invalid type"],
            ),
        ] {
            let message = with_file(text).unwrap_err().to_string();
            assert!(words.iter().all(|word| message.contains(word)), "{text}: {message}");
        }
        let message = with_variables(&[("TILLD_SERVER__WORKERS", "65")]).unwrap_err().to_string();
        assert!(message.starts_with("TILLD_SERVER__WORKERS: "), "{message}");
        let flags = vec![("server.listen", "x".to_owned())];
        let message = load(&Sources { flags, ..Sources::default() }).unwrap_err().to_string();
        assert!(
            message.starts_with("command line: ") && message.contains("server.listen"),
            "{message}"
        );
    }

    #[test]
    fn the_usual_database_is_the_users_own_and_roots_is_the_machines() {
        let path = |text: &str| Some(PathBuf::from(text));
        let usual = |is_root, data, home| {
            usual_database(is_root, data, home).unwrap().display().to_string()
        };
        let home = || path("/home/a");
        assert_eq!(usual(false, None, home()), "/home/a/.local/share/tilld/tilld.db");
        assert_eq!(usual(false, path("/data"), home()), "/data/tilld/tilld.db");
        assert_eq!(usual_database(false, None, None), None);
        assert_eq!(usual(true, path("/data"), path("/root")), "/var/lib/tilld/tilld.db");
    }

    #[test]
    fn without_any_place_for_the_database_one_must_be_named() {
        let nowhere = || Sources { usual_database: None, ..Sources::default() };
        let message = load(&nowhere()).unwrap_err().to_string();
        for way in ["HOME", "XDG_DATA_HOME", "--database", "TILLD_DATABASE__PATH", "[database]"] {
            assert!(message.contains(way), "{way}: {message}");
        }
        let flags = vec![("database.path", "/srv/x.db".to_owned())];
        assert!(load(&Sources { flags, ..nowhere() }).is_ok());
    }

    #[test]
    fn an_unknown_key_in_a_file_is_named_with_its_line() {
        let message =
            with_file("[server]\nworkers = 1\nlisten_on = 'x'\n").unwrap_err().to_string();
        assert!(message.contains("line 3") && message.contains("listen_on"), "{message}");
        let message = with_file("\n[sever]\n").unwrap_err().to_string();
        assert!(message.contains("line 2") && message.contains("sever"), "{message}");
        for (text, words) in [
            ("workers = 1\n", ["line 1", "workers"]),
            ("server.listen_on = 'x'\n", ["line 1", "server.listen_on"]),
            ("[server]\n\"li\\u0073t\" = 'x'\n", ["line 2", "server.list"]),
            ("\n[[exchange]]\n[[exchange]]\n\nurl = 'x'\n", ["line 5", "exchange.url"]),
            ("[log]\nlevel = 'info'\n[log]\n", ["line 3", "log"]),
            ("[log]\nlevel = info\n", ["line 2", "info"]),
            ("server = 1\n", ["server", "invalid type"]),
            ("exchange = { base_url = 'x' }\n", ["exchange", "invalid type"]),
        ] {
            let message = with_file(text).unwrap_err().to_string();
            assert!(words.iter().all(|word| message.contains(word)), "{text}: {message}");
        }
    }

    #[test]
    fn an_unknown_variable_is_a_warning_without_its_value() {
        let loaded = with_variables(&[("TILLD_SERVER__PORT", "hunter2")]).unwrap();
        assert_eq!(loaded.warnings.len(), 1);
        assert!(loaded.warnings[0].contains("TILLD_SERVER__PORT"));
        assert!(!loaded.warnings[0].contains("hunter2"));
    }

    #[test]
    fn values_that_make_no_sense_are_refused_and_named() {
        for (name, value, word) in [
            ("TILLD_SERVER__LISTEN", "9966", "9966"),
            ("TILLD_SERVER__LISTEN", "unix:relative", "full path"),
            ("TILLD_SERVER__WORKERS", "many", "workers"),
            ("TILLD_SERVER__WORKERS", "-1", "workers"),
            ("TILLD_SERVER__BASE_URL", "shop.example", "base_url"),
            ("TILLD_ADMIN__LISTEN", "0.0.0.0:9967", "admin.listen"),
            ("TILLD_SERVER__TRUSTED_PROXIES", "10.0.0.1,proxy.example", "proxy.example"),
            ("TILLD_CURRENCY__DEFAULT", "€", "default"),
            ("TILLD_DATABASE__READERS", "0", "readers"),
            ("TILLD_LIMITS__PUBLIC_BODY_BYTES", "1", "limits"),
            ("TILLD_STRANGERS__NETWORK_PER_MINUTE", "0", "network_per_minute"),
            ("TILLD_STRANGERS__DISK_RESERVE_BYTES", "-1", "disk_reserve_bytes"),
            ("TILLD_LOG__LEVEL", "loud", "level"),
        ] {
            let message = with_variables(&[(name, value)]).unwrap_err().to_string();
            assert!(message.contains(word), "{name}={value}: {message}");
        }
    }

    #[test]
    fn a_trusted_proxy_is_an_address_or_a_network() {
        let name = "TILLD_SERVER__TRUSTED_PROXIES";
        let loaded =
            with_variables(&[(name, "10.0.0.5,2001:db8::1,192.168.0.0/16,::ffff:10.0.0.6")]);
        let nets: Vec<_> = loaded.unwrap().config.server.trusted_proxies;
        let texts: Vec<_> = nets.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["10.0.0.5/32", "2001:db8::1/128", "192.168.0.0/16", "10.0.0.6/32"]);
    }

    #[test]
    fn every_key_of_the_file_can_be_set_in_the_environment() {
        let table: toml::Table = DEFAULTS.parse().unwrap();
        for (section, keys) in &table {
            for key in keys.as_table().unwrap().keys() {
                assert!(KEYS.contains(&format!("{section}.{key}").as_str()), "{section}.{key}");
            }
        }
    }
}
