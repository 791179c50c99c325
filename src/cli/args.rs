//! The commands and options of `tilld`. The man page and the completions are generated from this.

#[cfg(feature = "demo")]
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

/// A merchant payment daemon for GNU Taler: takes digital cash for a shop and knows what is paid.
#[derive(Debug, Parser)]
#[command(name = "tilld", version, max_term_width = 100)]
pub struct Args {
    /// Settings file [default: /etc/tilld/tilld.toml if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Database file, instead of the one in the settings
    #[arg(long, global = true, value_name = "FILE")]
    pub database: Option<PathBuf>,

    /// The command to run
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands of `tilld`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon (this is the default)
    Serve(Serve),
    /// Run a demonstration with play money: daemon, exchange and a small web shop in one process
    #[cfg(feature = "demo")]
    Demo(Demo),
    /// Set an instance's password; creates the instance if it does not exist
    Passwd {
        /// Instance ID; the first instance is "admin"
        instance: String,
        /// Create the database if it does not exist
        #[arg(long)]
        create: bool,
        /// Source of the password
        #[command(flatten)]
        secret: Secret,
    },
    /// List, add, show and delete instances (the shops that share this daemon)
    Instance {
        /// The command to run
        #[command(subcommand)]
        command: InstanceCommand,
    },
    /// Add, list and remove the exchanges whose coins the shops accept
    Exchange {
        /// The command to run
        #[command(subcommand)]
        command: ExchangeCommand,
    },
    /// Print a new link to create the first shop in a browser; works only while there is no shop
    SetupLink,
    /// Add, list and remove the bank accounts that receive the money
    Account {
        /// The command to run
        #[command(subcommand)]
        command: AccountCommand,
    },
    /// List webhooks, try them, show their calls, and send calls again
    Webhook {
        /// The command to run
        #[command(subcommand)]
        command: WebhookCommand,
    },
    /// Create, list and revoke API tokens for other software
    Token {
        /// The command to run
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Copy the database to a new file, also while the daemon runs; root's copy is made with the rights of the
    /// data folder's owner
    Backup {
        /// A file that does not exist yet
        dest: PathBuf,
    },
    /// Replace the database with a backup; the daemon must not run
    Restore {
        /// A file written by "tilld backup"
        src: PathBuf,
    },
    /// Check the database for damage and contradictions
    Check {
        /// Also ask the exchanges whether they have the deposits that the database records
        #[arg(long)]
        ask_exchanges: bool,
    },
    /// Check settings, clock, disk, database, exchanges and accounts, and say what to fix
    ///
    /// The exit status is 0 if no check failed, 1 if one did, and 4 if the database does not exist or
    /// cannot be used.
    Doctor {
        /// Also test a request that waits the longest time allowed (50 seconds by default); only this shows whether
        /// a web server in front cuts it off
        #[arg(long)]
        slow: bool,
    },
    /// Print all settings in force and the source of each
    Config,
    /// Act as a customer: withdraw play money and pay with it
    #[cfg(feature = "demo")]
    Wallet(Wallet),
}

impl Default for Command {
    fn default() -> Self {
        Self::Serve(Serve { listen: Vec::new(), base_url: None })
    }
}

/// Options of `tilld serve`.
#[derive(ClapArgs, Debug)]
pub struct Serve {
    /// Address to listen at, instead of those in the settings; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Vec<String>,

    /// Base URL that wallets use
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
}

/// Options of `tilld demo`.
#[cfg(feature = "demo")]
#[derive(ClapArgs, Debug)]
pub struct Demo {
    /// Address and port to listen at; browsers and wallets must reach this machine by it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9966")]
    pub listen: SocketAddr,

    /// Folder for all files of the demonstration [default: tilld-demo in your data folder]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Source of a password: the terminal or a file.
#[derive(ClapArgs, Debug)]
pub struct Secret {
    /// Read the password from the first line of FILE, or of standard input for "-"
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

/// Options of `tilld wallet`.
#[cfg(feature = "demo")]
#[derive(ClapArgs, Debug)]
pub struct Wallet {
    /// Folder of the wallet [default: that of "tilld demo", tilld-demo in your data folder]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// Exchange to withdraw from [default: that of the demonstration in the folder]
    #[arg(long, value_name = "URL")]
    pub exchange: Option<String>,

    /// Print JSON, one line a command
    #[arg(long)]
    pub json: bool,

    /// The command to run
    #[command(subcommand)]
    pub command: WalletCommand,
}

/// The commands of `tilld wallet`.
#[cfg(feature = "demo")]
#[derive(Debug, Subcommand)]
pub enum WalletCommand {
    /// Withdraw play money from a sandbox exchange
    Withdraw {
        /// Amount, like KUDOS:20
        amount: String,
    },
    /// Print the balance
    Balance,
    /// Pay an order
    Pay {
        /// Taler URI, like <taler://pay/shop.example/ORDER/>
        uri: String,
        /// Session ID, instead of the one in the URI
        #[arg(long, value_name = "SESSION")]
        session: Option<String>,
    },
    /// Create an order from a shop's template and pay it
    UseTemplate {
        /// Taler URI, like <taler://pay-template/shop.example/TEMPLATE>
        uri: String,
        /// Amount, if the shop leaves it open
        #[arg(long)]
        amount: Option<String>,
        /// Summary, if the shop leaves it open
        #[arg(long)]
        summary: Option<String>,
    },
    /// Collect a refund
    Refund {
        /// Taler URI, like <taler://refund/shop.example/ORDER/>
        uri: String,
    },
    /// Abort an incomplete payment and get its coins back
    Abort {
        /// Taler URI of the order, as for "pay"
        uri: String,
    },
    /// Give back an order that was claimed and not paid, so that another wallet can pay it
    Unclaim {
        /// Taler URI of the order, as for "pay"
        uri: String,
    },
    /// List withdrawals, payments, refunds and changes of coins, the newest first
    History,
    /// Finish what was interrupted, collect automatic refunds, change partly spent coins
    Update,
}

/// The commands of `tilld instance`.
#[derive(Debug, Subcommand)]
pub enum InstanceCommand {
    /// List all instances
    List,
    /// Add an instance
    Add {
        /// Instance ID, part of its URLs: letters, digits and ._@-
        instance: String,
        /// Name of the shop that customers see [default: the instance ID]
        #[arg(long)]
        name: Option<String>,
        /// Create the database if it does not exist
        #[arg(long)]
        create: bool,
        /// Source of the password
        #[command(flatten)]
        secret: Secret,
    },
    /// Show an instance
    Show {
        /// Instance ID
        instance: String,
    },
    /// Delete an instance's key, password and tokens; its history stays
    Delete {
        /// Instance ID
        instance: String,
        /// Purge: delete its history too
        #[arg(long)]
        purge: bool,
        /// Delete it although payments or refunds are unfinished: they are refunded, and the key is kept until
        /// the exchange has confirmed the last refund
        #[arg(long)]
        force: bool,
    },
}

/// The commands of `tilld exchange`.
#[derive(Debug, Subcommand)]
pub enum ExchangeCommand {
    /// Fetch the master key of an exchange, show it so that you can compare it with the published one, ask,
    /// and trust the exchange; a running daemon accepts its coins within seconds
    Add {
        /// Base URL, like <https://exchange.taler-ops.ch/> (CHF) or
        /// <https://exchange.demo.taler.net/> (play money)
        url: String,
        /// Do not ask: trust any key that the exchange sends
        #[arg(long, conflicts_with = "master_key")]
        yes: bool,
        /// Do not ask: trust the exchange if this is its master key
        #[arg(long, value_name = "KEY")]
        master_key: Option<String>,
    },
    /// List the exchanges: base URL, currency, master key, and where each is configured (settings, database,
    /// removed)
    List,
    /// Stop offering an exchange in new orders; payments already begun with it are completed
    Remove {
        /// Base URL, as listed
        url: String,
    },
}

/// The commands of `tilld account`.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Add an account
    Add {
        /// Instance ID
        instance: String,
        /// The account as a payto URI, like <payto://iban/DE75512108001245126199?receiver-name=Name>
        payto: String,
    },
    /// List the accounts
    List {
        /// Instance ID
        instance: String,
    },
    /// Stop using an account in new orders
    Remove {
        /// Instance ID
        instance: String,
        /// The account, as listed
        payto: String,
    },
}

/// The commands of `tilld webhook`.
#[derive(Debug, Subcommand)]
pub enum WebhookCommand {
    /// List the webhooks: ID, event, state, last delivery, calls that wait, URL
    List {
        /// Instance ID
        instance: String,
    },
    /// Send a call about an order that does not exist; print it and the answer
    Test {
        /// Instance ID
        instance: String,
        /// Webhook ID, as listed
        webhook: String,
    },
    /// Print the calls, the newest first: number, state, event, order, attempts, time, answer
    Log {
        /// Instance ID
        instance: String,
        /// Webhook ID, as listed
        webhook: String,
        /// Only calls in this state, one of those in the second column
        #[arg(long)]
        state: Option<String>,
        /// How many calls to print, at most 1000
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Send a call again; without a number, all that were given up or cancelled
    Resend {
        /// Instance ID
        instance: String,
        /// Webhook ID, as listed
        webhook: String,
        /// Number of the call, as in the log
        number: Option<i64>,
    },
}

/// The commands of `tilld token`.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Create a token and print it once
    Create {
        /// Instance ID
        instance: String,
        /// Scope: readonly, order-simple, order-pos, order-mgmt, order-full, spa or
        /// all; with ":refreshable" the token can be exchanged for new ones
        #[arg(long, default_value = "order-full")]
        scope: String,
        /// Validity, like 90d, 12h, 30m, or "forever" [default: forever]
        #[arg(long)]
        duration: Option<String>,
        /// Description, for your own use
        #[arg(long)]
        description: Option<String>,
    },
    /// List the tokens, without their values
    List {
        /// Instance ID
        instance: String,
    },
    /// Revoke a token
    Revoke {
        /// Instance ID
        instance: String,
        /// Serial number, as listed
        serial: i64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }
}
