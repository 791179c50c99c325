//! The back office: every page.

macro_rules! office_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            skip_to_content: "Skip to content", "Zum Inhalt springen";
            navigation: "Back office", "Verwaltung";
            pages: "Pages", "Seiten";
            sign_out: "Sign out", "Abmelden";
            offline: "The till does not answer. What you see may be out of date; this page tries again by itself.",
                "Die Kasse antwortet nicht. Was Sie sehen, ist vielleicht veraltet; diese Seite versucht es von selbst wieder.";
            till_mode_leave: "Back office", "Verwaltung";
            names_this_machine: "This code contains the address of this machine (127.0.0.1), which no phone can reach. Set server.base_url to the address that phones use.",
                "Dieser Code nennt diesen Rechner selbst (127.0.0.1): kein Handy erreicht ihn. Setzen Sie server.base_url auf die Adresse, die Handys benutzen.";
            warn_this_machine: "The shop's address is that of this machine (127.0.0.1), so no phone can pay. Set server.base_url in the settings to the address that phones use.",
                "Die Adresse des Ladens nennt diesen Rechner selbst (127.0.0.1), also kann kein Handy bezahlen. Setzen Sie server.base_url in den Einstellungen auf die Adresse, die Handys benutzen.";
            back_to_office: "Back to the back office", "Zurück zur Verwaltung";
            office_not_found: "This page does not exist, or its subject was deleted.",
                "Diese Seite gibt es nicht, oder ihr Gegenstand wurde gelöscht.";
            forged_title: "This form was not sent from here", "Dieses Formular kam nicht von hier";
            forged: "Nothing was done. The form came from another site, or from a page that was opened before you signed in. Please open the page again and repeat.",
                "Es wurde nichts getan. Das Formular kam von einer anderen Seite oder von einer, die vor der Anmeldung geöffnet wurde. Bitte öffnen Sie die Seite neu und wiederholen Sie die Eingabe.";
            not_permitted: "Your access does not allow this.", "Ihr Zugang erlaubt das nicht.";
        }
    };
}
