//! The back office: the first steps.

macro_rules! check_list_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            setup_title: "Create your shop", "Ihren Laden anlegen";
            setup_hint: "There is no shop here yet. With the code you create the first one, which manages the till and all later shops.",
                "Hier gibt es noch keinen Laden. Mit dem Code legen Sie den ersten an; er verwaltet die Kasse und alle Läden, die noch kommen.";
            setup_code: "Code from the link", "Code aus dem Link";
            setup_code_hint: "It is at the end of the link, after the #", "Er steht am Ende des Links, nach dem #";
            setup_code_where: "Where is the link?", "Wo ist der Link?";
            setup_code_printed: "The till printed it when it was started. As a system service it wrote it to the log:",
                "Die Kasse hat ihn beim Start ausgegeben, dort, wo sie gestartet wurde. Als Dienst des Systems hat sie ihn in ihr Protokoll geschrieben:";
            setup_code_new: "It works once, within a day. This command prints a new one:",
                "Er gilt für ein Mal und einen Tag. Dieser Befehl gibt einen neuen aus:";
            setup_code_wrong: "This is not the code, or it is too old. For a new one: tilld setup-link",
                "Das ist nicht der Code, oder er ist zu alt. Einen neuen gibt: tilld setup-link";
            setup_password_again: "Password once more", "Passwort noch einmal";
            tab_check_list: "First steps", "Erste Schritte";
            check_list_hint: "Do this before the first customer pays:", "Bis der erste Kunde bezahlt, ist das zu tun:";
            check_list_done: "Everything is done. Customers can pay.", "Alles ist erledigt. Kunden können bezahlen.";
            check_list_hide: "Do not show this list any more", "Diese Liste nicht mehr zeigen";
            check_list_hide_hint: "Not everything is done yet. You always find the list on the page “Status”.",
                "Es ist noch nicht alles erledigt. Die Liste ist immer auf der Seite „Zustand“ zu finden.";
            said_list_hidden: "The list is hidden. You find it on the page “Status”.", "Die Liste ist ausgeblendet. Sie ist auf der Seite „Zustand“ zu finden.";
            step_done: "done", "erledigt";
            step_open: "to do", "zu tun";
            step_how: "How it is done", "Wie das geht";
            step_name: "Name of the shop", "Name des Ladens";
            step_name_missing: "Customers still see its short name. Give it the shop's real name.",
                "Kunden sehen noch seinen Kurznamen. Geben Sie ihm seinen richtigen Namen.";
            step_exchange: "Exchange", "Exchange";
            step_exchange_missing: "Without an exchange no wallet can pay. Choose one whose coins you accept.",
                "Ohne Exchange kann keine Wallet bezahlen. Wählen Sie einen, dessen Münzen Sie nehmen.";
            step_exchange_operator: "Without an exchange no wallet can pay. The operator of this till chooses one.",
                "Ohne Exchange kann keine Wallet bezahlen. Wer diese Kasse verwaltet, wählt einen aus.";
            step_to_exchanges: "Exchanges", "Exchanges";
            step_currency_is: "Prices are in {}.", "Preise sind in {}.";
            step_currency_open: "Prices are in {} as long as there is no exchange. The exchange that you choose determines the currency.",
                "Preise sind in {}, solange es keinen Exchange gibt. Der Exchange, den Sie wählen, sagt, in welcher Währung.";
            step_account: "Bank account", "Bankkonto";
            step_accounts: "Accounts in use: {}", "Benutzte Konten: {}";
            step_to_accounts: "Accounts", "Konten";
            step_account_unpayable: "No exchange can pay to this account. Add one of a kind that an exchange pays to: {}.",
                "Kein Exchange kann auf dieses Konto auszahlen. Fügen Sie eines der Art hinzu, auf die ein Exchange auszahlt: {}.";
            step_address: "Address for customers", "Adresse für Kunden";
            step_address_good: "Customers reach the till safely (https).", "Kunden erreichen die Kasse sicher (https).";
            step_backup: "Backups", "Sicherungen";
            step_backup_good: "Backups are made.", "Sicherungen werden gemacht.";
            address_howto: "Put a web server with a certificate in front of the till, such as Caddy, and say in the settings file which address customers use:",
                "Stellen Sie einen Webserver mit Zertifikat vor die Kasse, etwa Caddy, und sagen Sie in der Einstellungsdatei, welche Adresse Kunden benutzen:";
            address_howto_check: "Then start the till again, and see whether it is reached:", "Dann die Kasse neu starten und nachsehen, ob sie erreicht wird:";
            backup_howto: "This command copies everything while the till runs; best to another disk:",
                "Dieser Befehl kopiert alles, während die Kasse läuft; am besten auf eine andere Platte:";
            backup_howto_daily: "With the package of Debian, this makes one each day:", "Mit dem Debian-Paket macht das jeden Tag eine:";
        }
    };
}
