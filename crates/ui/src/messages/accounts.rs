//! The back office: bank accounts.

macro_rules! accounts_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            tab_accounts: "Accounts", "Konten";
            accounts_hint: "Bank accounts to which the exchanges send the shop's money.", "Bankkonten, auf die die Exchanges das Geld des Ladens überweisen.";
            no_accounts: "There is no bank account yet.", "Es gibt noch kein Bankkonto.";
            account_used: "in use", "in Benutzung";
            account_retired: "not in use", "nicht in Benutzung";
            retire_account: "Use no longer", "Nicht mehr benutzen";
            use_account: "Use again", "Wieder benutzen";
            new_account: "Add an account", "Konto hinzufügen";
            add_account: "Add", "Hinzufügen";
            account_holder: "Account holder", "Inhaber des Kontos";
            account_holder_hint: "As the bank has it", "Wie die Bank ihn kennt";
            holder_needed: "Please say whose account it is.", "Bitte sagen Sie, wem das Konto gehört.";
            other_account: "Another kind of account", "Eine andere Art von Konto";
            payto_address: "Account as a payto address", "Konto als payto-Adresse";
            payto_hint: "Like payto://x-taler-bank/bank.example/shop?receiver-name=My+Shop", "Wie payto://x-taler-bank/bank.example/laden?receiver-name=Mein+Laden";
            iban_no_country: "No country has IBANs that begin like this.", "Kein Land hat IBANs, die so anfangen.";
            iban_wrong_length: "This IBAN is too short or too long for its country.", "Diese IBAN ist für ihr Land zu kurz oder zu lang.";
            iban_wrong_digits: "There is a typing mistake in this IBAN: its check digits do not fit.",
                "In dieser IBAN ist ein Tippfehler: die Prüfziffern passen nicht.";
            payto_no_name: "The address does not say whose account it is. Add: ?receiver-name=Name",
                "Die Adresse sagt nicht, wem das Konto gehört. Hängen Sie an: ?receiver-name=Name";
            payto_bad_sign: "There is a sign in this address that must be written in another way: a blank as +, for example.",
                "In dieser Adresse ist ein Zeichen, das anders geschrieben werden muss: ein Leerzeichen zum Beispiel als +.";
            payto_bad_bank: "After payto://x-taler-bank/ come the bank's host, a slash and the account's name.",
                "Nach payto://x-taler-bank/ kommen der Name des Bankrechners, ein Schrägstrich und der Name des Kontos.";
            no_payto: "This is not an account. Example: payto://iban/DE75512108001245126199?receiver-name=Name",
                "Das ist kein Konto. Eines sieht aus wie payto://iban/DE75512108001245126199?receiver-name=Name";
            account_exists: "This account is in use already.", "Dieses Konto ist schon in Benutzung.";
            accounts_currencies: "The exchanges pay out:", "Die Exchanges zahlen aus:";
        }
    };
}
