//! What can be said on the command line. The man page and the completions are made from this.

#[cfg(feature = "demo")]
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

/// A till for GNU Taler in one binary: takes digital cash for a shop and knows what is paid.
#[derive(Debug, Parser)]
#[command(name = "tilld", version, max_term_width = 100)]
pub struct Args {
    /// Settings file [default: /etc/tilld/tilld.toml if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Database file, instead of the one in the settings
    #[arg(long, global = true, value_name = "FILE")]
    pub database: Option<PathBuf>,

    /// What to do
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon (this is the default)
    Serve(Serve),
    /// Try it all with play money: the daemon, an exchange and a small web shop in one process
    #[cfg(feature = "demo")]
    Demo(Demo),
    /// Set an instance's password, making the instance if it is not there
    Passwd {
        /// The instance; the first one is "admin"
        instance: String,
        /// Make the database if there is none
        #[arg(long)]
        create: bool,
        /// Where the password comes from
        #[command(flatten)]
        secret: Secret,
    },
    /// List, add, show and delete instances, the shops that share this daemon
    Instance {
        /// What to do
        #[command(subcommand)]
        verb: InstanceVerb,
    },
    /// Add, list and remove exchanges, whose coins the shops take
    Exchange {
        /// What to do
        #[command(subcommand)]
        verb: ExchangeVerb,
    },
    /// Print a new link by which the first shop is made in a browser, as long as there is none
    SetupLink,
    /// Say to which bank accounts the money goes
    Account {
        /// What to do
        #[command(subcommand)]
        verb: AccountVerb,
    },
    /// Make, list and take back the tokens that let other software in
    Token {
        /// What to do
        #[command(subcommand)]
        verb: TokenVerb,
    },
    /// Copy the database to a new file, also while the daemon runs; run by root, with the rights of the
    /// data folder's owner
    Backup {
        /// A file that does not exist yet
        dest: PathBuf,
    },
    /// Put a backup in the place of the database; the daemon must not run
    Restore {
        /// A file made by "tilld backup"
        src: PathBuf,
    },
    /// Check that the database is whole and its contents make sense
    Check {
        /// Ask the exchanges as well whether they have the coins that the books say they have
        #[arg(long)]
        ask_exchanges: bool,
    },
    /// Look at settings, clock, disk, database, exchanges and accounts, and say what to mend
    ///
    /// The exit status is 0 if no check failed, 1 if one did, and 4 if the database is not there or
    /// cannot be used.
    Doctor {
        /// Also have a request wait as long as any may (50 seconds by default): only then it shows whether
        /// a web server in front cuts it off
        #[arg(long)]
        slow: bool,
    },
    /// Show the settings in force and where each came from
    Config,
    /// Be a customer: withdraw play money, and pay with it
    #[cfg(feature = "demo")]
    Wallet(Wallet),
}

impl Default for Command {
    fn default() -> Self {
        Self::Serve(Serve { listen: Vec::new(), base_url: None })
    }
}

/// How to run the daemon.
#[derive(ClapArgs, Debug)]
pub struct Serve {
    /// Where to answer, instead of what the settings say; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Vec<String>,

    /// The address that wallets use
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
}

/// How to run the demonstration.
#[cfg(feature = "demo")]
#[derive(ClapArgs, Debug)]
pub struct Demo {
    /// Where to answer: the address by which browsers and wallets reach this machine, and a port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9966")]
    pub listen: SocketAddr,

    /// Where everything is kept [default: the folder tilld-demo where you keep data]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Where a password comes from: typed, or a file.
#[derive(ClapArgs, Debug)]
pub struct Secret {
    /// Read the password from the first line of FILE, or of standard input for "-"
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

/// Which wallet, and what to do with it.
#[cfg(feature = "demo")]
#[derive(ClapArgs, Debug)]
pub struct Wallet {
    /// The folder of the wallet [default: that of "tilld demo", tilld-demo in your data folder]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// The exchange to withdraw from [default: that of the demonstration in the folder]
    #[arg(long, value_name = "URL")]
    pub exchange: Option<String>,

    /// What to do
    #[command(subcommand)]
    pub verb: WalletVerb,
}

/// What can be done with a wallet.
#[cfg(feature = "demo")]
#[derive(Debug, Subcommand)]
pub enum WalletVerb {
    /// Get play money from a sandbox exchange
    Withdraw {
        /// How much, like KUDOS:20
        amount: String,
    },
    /// Say how much there is
    Balance,
    /// Pay an order
    Pay {
        /// Its address, like <taler://pay/shop.example/ORDER/>
        uri: String,
        /// The visitor's session, instead of the one in the address
        #[arg(long, value_name = "SESSION")]
        session: Option<String>,
    },
    /// Make an order of a shop's template, and pay it
    UseTemplate {
        /// Its address, like <taler://pay-template/shop.example/TEMPLATE>
        uri: String,
        /// How much, if the shop leaves it open
        #[arg(long)]
        amount: Option<String>,
        /// What for, if the shop leaves it open
        #[arg(long)]
        summary: Option<String>,
    },
    /// Pick up a refund
    Refund {
        /// Its address, like <taler://refund/shop.example/ORDER/>
        uri: String,
    },
    /// Call off a payment that has not arrived
    Abort {
        /// The order's address, as for "pay"
        uri: String,
    },
}

/// What can be done with instances.
#[derive(Debug, Subcommand)]
pub enum InstanceVerb {
    /// List all instances
    List,
    /// Add an instance
    Add {
        /// Its name in addresses: letters, digits and ._@-
        instance: String,
        /// The shop's name as customers see it [default: the instance's name]
        #[arg(long)]
        name: Option<String>,
        /// Make the database if there is none
        #[arg(long)]
        create: bool,
        /// Where the password comes from
        #[command(flatten)]
        secret: Secret,
    },
    /// Show an instance
    Show {
        /// The instance
        instance: String,
    },
    /// Delete an instance's key, passwords and tokens; its history stays
    Delete {
        /// The instance
        instance: String,
        /// Remove everything of it, its history too
        #[arg(long)]
        purge: bool,
        /// Also while coins or refunds are under way: they are given back, and the key is kept until
        /// the last refund is answered
        #[arg(long)]
        force: bool,
    },
}

/// What can be done with exchanges.
#[derive(Debug, Subcommand)]
pub enum ExchangeVerb {
    /// Fetch the master key of an exchange, show it to be compared with what its operator publishes, ask,
    /// and trust the exchange; a daemon that runs takes its coins soon after
    Add {
        /// Its address, like <https://exchange.taler-ops.ch/> (CHF) or
        /// <https://exchange.demo.taler.net/> (play money)
        url: String,
        /// Do not ask: trust whatever key the exchange has
        #[arg(long, conflicts_with = "master_key")]
        yes: bool,
        /// Do not ask: trust the exchange if this is its master key
        #[arg(long, value_name = "KEY")]
        master_key: Option<String>,
    },
    /// List the exchanges: address, currency, master key, and where it stands (settings, database,
    /// removed)
    List,
    /// Offer an exchange in no new order any more; what was begun with it is finished
    Remove {
        /// Its address, as listed
        url: String,
    },
}

/// What can be done with accounts.
#[derive(Debug, Subcommand)]
pub enum AccountVerb {
    /// Add an account
    Add {
        /// The instance
        instance: String,
        /// The account as a payto URI, like <payto://iban/DE75512108001245126199?receiver-name=Name>
        payto: String,
    },
    /// List the accounts
    List {
        /// The instance
        instance: String,
    },
    /// Put an account out of use
    Remove {
        /// The instance
        instance: String,
        /// The account, as listed
        payto: String,
    },
}

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub enum TokenVerb {
    /// Make a token and print it, once
    Create {
        /// The instance
        instance: String,
        /// What it is good for: readonly, order-simple, order-pos, order-mgmt, order-full, spa or
        /// all; with ":refreshable" it can be traded for fresh ones
        #[arg(long, default_value = "order-full")]
        scope: String,
        /// How long it lives, like 90d, 12h, 30m, or "forever" [default: forever]
        #[arg(long)]
        duration: Option<String>,
        /// A note for yourself
        #[arg(long)]
        description: Option<String>,
    },
    /// List the tokens, without their values
    List {
        /// The instance
        instance: String,
    },
    /// Take a token back
    Revoke {
        /// The instance
        instance: String,
        /// Its number, as listed
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
