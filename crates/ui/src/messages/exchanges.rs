//! The back office: trusted exchanges.

macro_rules! exchanges_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            exchanges_hint: "An exchange issues the coins that customers pay with, and sends their worth to the bank account of the shop.",
                "Ein Exchange gibt die Münzen aus, mit denen Kunden bezahlen, und überweist ihren Wert auf das Bankkonto des Ladens.";
            new_exchange: "Add an exchange", "Exchange hinzufügen";
            exchange_which: "Which one", "Welcher";
            exchange_play_money: "{}, play money: {}", "{}, Spielgeld: {}";
            exchange_another: "Another one, with the address below", "Ein anderer, mit der Adresse unten";
            exchange_address: "Address", "Adresse";
            exchange_address_hint: "Only for another one, like https://exchange.example/", "Nur für einen anderen, wie https://exchange.example/";
            exchange_ask_hint: "The till asks the exchange for its key and shows it. Nothing is trusted before you have compared it.",
                "Die Kasse fragt den Exchange nach seinem Schlüssel und zeigt ihn. Bevor Sie ihn verglichen haben, wird niemandem vertraut.";
            exchange_ask: "Ask the exchange", "Exchange fragen";
            exchange_compare: "Is this the right exchange?", "Ist das der richtige Exchange?";
            exchange_compare_hint: "Compare the master key with the one that the operator of the exchange publishes, over another channel: on their web site, on paper, by telephone. The holder of this key can make coins that you accept.",
                "Vergleichen Sie den Hauptschlüssel mit dem, den der Betreiber des Exchange veröffentlicht, auf einem anderen Weg als diesem: auf seiner Webseite, auf Papier, am Telefon. Wer diesen Schlüssel hat, kann Münzen machen, die Sie annehmen.";
            exchange_operator: "The operator:", "Der Betreiber:";
            exchange_is_play_money: "These coins are play money, to try things out. They are worth nothing.", "Diese Münzen sind Spielgeld zum Ausprobieren. Sie sind nichts wert.";
            master_key: "Master key", "Hauptschlüssel";
            exchange_trust: "The key is right: trust this exchange", "Der Schlüssel stimmt: diesem Exchange trauen";
            exchange_do_not_trust: "Do not trust it", "Ihm nicht trauen";
            exchange_of_settings: "in the settings file", "in der Einstellungsdatei";
            exchange_of_database: "added here or by a command", "hier oder mit einem Befehl hinzugefügt";
            exchange_removed: "removed", "entfernt";
            exchange_removed_hint: "New orders do not offer it. Payments and refunds already begun with it are completed.",
                "Keine neue Bestellung bietet ihn an. Angefangene Zahlungen und Erstattungen mit ihm werden zu Ende gebracht.";
            exchange_remove: "Remove", "Entfernen";
            exchange_conflict: "The settings file is used. In the database this address has another master key; remove it there:",
                "Es gilt die Einstellungsdatei. In der Datenbank hat diese Adresse einen anderen Hauptschlüssel; entfernen Sie ihn dort:";
            exchange_no_address: "Please type a whole web address that begins with https://.", "Bitte eine ganze Webadresse eingeben, die mit https:// beginnt.";
            exchange_insecure: "The address must begin with https://: otherwise others on the network could give you another key.",
                "Die Adresse muss mit https:// beginnen: sonst könnten andere unterwegs Ihnen einen anderen Schlüssel geben.";
            exchange_unreached: "The address does not answer like an exchange: {}.", "Es kommt keine Antwort, wie ein Exchange sie gibt: {}.";
            exchange_in_settings: "This exchange is in the settings file; it can be changed only there.", "Dieser Exchange steht in der Einstellungsdatei und kann nur dort geändert werden.";
            exchange_other_key: "This address is trusted already, with another master key: {}. If the operator says that the key has changed, remove the exchange first.",
                "Dieser Adresse wird schon vertraut, mit einem anderen Hauptschlüssel: {}. Wenn der Betreiber sagt, dass sich der Schlüssel geändert hat, entfernen Sie zuerst den Exchange.";
            exchange_unfinished: "This address was trusted before with another master key ({}), and payments or refunds with it are not finished.",
                "Dieser Adresse wurde früher mit einem anderen Hauptschlüssel vertraut ({}), und Zahlungen oder Erstattungen damit sind noch nicht zu Ende.";
            exchange_too_many: "There are {} exchanges already, removed ones included. This is the limit.",
                "Es gibt schon {} Exchanges, entfernte mitgezählt, und mehr können es nicht werden.";
            exchange_unknown: "There is no such exchange.", "Diesen Exchange gibt es nicht.";
            exchange_key_changed: "The exchange gives another master key now than a moment ago. Compare this one.",
                "Der Exchange gibt jetzt einen anderen Hauptschlüssel an als eben noch. Vergleichen Sie diesen.";
            said_exchange_added: "The exchange is now trusted.", "Diesem Exchange wird von nun an vertraut.";
            said_exchange_removed: "The exchange was removed. Payments already begun with it are completed.", "Der Exchange ist entfernt. Was mit ihm angefangen wurde, wird zu Ende gebracht.";
        }
    };
}
