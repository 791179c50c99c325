//! The back office: the password.

macro_rules! password_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            change_password: "Change the password", "Passwort ändern";
            change_password_hint: "All other browsers have to sign in again. Tokens of programs and devices stay valid.",
                "Wer sonst noch angemeldet ist, muss sich neu anmelden. Zugänge von Programmen und Geräten gelten weiter.";
            old_password: "Password until now", "Bisheriges Passwort";
            new_password: "New password", "Neues Passwort";
            new_password_hint: "At least 8 characters", "Mindestens 8 Zeichen";
            password_again: "New password once more", "Neues Passwort noch einmal";
            password_needed: "Please type the password.", "Bitte das Passwort eingeben.";
            password_too_short: "A password has at least 8 characters.", "Ein Passwort hat mindestens 8 Zeichen.";
            passwords_differ: "This is not the same as above.", "Das ist nicht dasselbe wie oben.";
            not_the_password: "This is not the password.", "Das ist nicht das Passwort.";
        }
    };
}
