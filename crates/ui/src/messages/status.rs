//! The back office: the status page.

macro_rules! status_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            tab_status: "Status", "Zustand";
            all_is_well: "All is well.", "Alles in Ordnung.";
            the_shop: "The shop", "Der Laden";
            the_till: "The till", "Die Kasse";
            last_payment: "Last payment", "Letzte Zahlung";
            accounts_in_use: "Bank accounts in use", "Benutzte Bankkonten";
            version: "Version", "Version";
            last_backup: "Last backup", "Letzte Sicherung";
            disk_left: "Free space on the disk", "Freier Platz auf der Platte";
            database_size: "Size of the database", "Größe der Datenbank";
            open_polls: "Waiting pages and programs", "Seiten und Programme, die auf Neues warten";
            not_known: "not known", "nicht bekannt";
            exchanges: "Exchanges", "Exchanges";
            no_exchanges: "The till trusts no exchange.", "Die Kasse traut keinem Exchange.";
            exchange_ready: "ready", "bereit";
            exchange_stale: "keys out of date", "Schlüssel veraltet";
            exchange_silent: "could not be reached", "war nicht zu erreichen";
            exchange_unasked: "not asked yet", "noch nicht gefragt";
            keys_of: "Keys of", "Schlüssel vom";
            last_failure: "Last failure on", "Keine gute Antwort am";
            payouts: "Payouts", "Auszahlungen";
            kyc_ready: "The exchange pays to this account.", "Der Exchange überweist auf dieses Konto.";
            kyc_required: "The exchange needs to know who owns this account before it pays.",
                "Der Exchange möchte wissen, wem dieses Konto gehört, bevor er überweist.";
            kyc_wire_required: "The exchange needs a transfer from this account, to see who owns it.",
                "Der Exchange möchte eine Überweisung von diesem Konto, um zu sehen, wem es gehört.";
            kyc_transfer: "Until this transfer has arrived, the exchange refuses all payments to this account:",
                "Bis diese Überweisung angekommen ist, lehnt der Exchange alle Zahlungen auf dieses Konto ab:";
            kyc_transfer_to: "To", "An";
            kyc_transfer_subject: "Subject", "Verwendungszweck";
            kyc_transfer_from: "From exactly this account", "Von genau diesem Konto";
            kyc_transfer_exactly: "The exchange compares the account letter by letter: the holder’s name must be written as your bank writes it, capital letters too. If it differs, add the account anew with the right name.",
                "Der Exchange vergleicht das Konto Buchstabe für Buchstabe: der Name des Inhabers muss so geschrieben sein, wie Ihre Bank ihn schreibt, auch die Großbuchstaben. Wenn er abweicht, legen Sie das Konto mit dem richtigen Namen neu an.";
            kyc_wire_impossible: "The exchange cannot pay to this kind of account.", "Der Exchange kann auf diese Art von Konto nicht überweisen.";
            kyc_unknown: "Whether the exchange pays to this account is not known yet.",
                "Ob der Exchange auf dieses Konto überweist, ist noch nicht bekannt.";
            warn_no_exchange: "The till trusts no exchange, so no wallet can pay. The shop “admin” adds one under Exchanges.",
                "Die Kasse traut keinem Exchange, darum kann keine Wallet bezahlen. Der Laden „admin“ fügt unter Exchanges einen hinzu.";
            warn_exchanges_silent: "No exchange could be reached, so nobody can pay. Is the till online?",
                "Kein Exchange war zu erreichen, also kann niemand bezahlen. Ist die Kasse mit dem Netz verbunden?";
            warn_kyc: "An exchange holds money back until it knows whose account it pays to; see below.",
                "Ein Exchange hält Geld zurück, bis er weiß, auf wessen Konto er überweist; siehe unten.";
            warn_disk: "There is little free space on the disk.", "Auf der Platte ist wenig Platz.";
            warn_plain: "The shop's address does not begin with https: others in the network can read along, and most wallets refuse to pay.",
                "Die Adresse des Ladens beginnt nicht mit https: andere im Netz können mitlesen, und die meisten Wallets bezahlen nicht.";
            warn_backup: "There was no backup with “tilld backup” in the last two days.",
                "„tilld backup“ hat in den letzten zwei Tagen keine Sicherung angelegt.";
        }
    };
}
