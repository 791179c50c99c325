INSERT INTO transfers (
    instance_serial, account_serial, exchange_url, wtid, credit_amount, execution_s, source
) VALUES (
    :instance, :account_serial, :exchange_url, :wtid, :credit_amount, :execution_s, :source
)
ON CONFLICT (account_serial, exchange_url, wtid) DO NOTHING
