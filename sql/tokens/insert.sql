INSERT INTO tokens (
    instance_serial, hash, scope, kind, browser, created_at_s, expires_at_s, description, cashier_serial
) VALUES (
    :instance, :hash, :scope, :kind, :browser, :created_at_s, :expires_at_s, :description, :cashier
)
ON CONFLICT (hash) DO NOTHING
