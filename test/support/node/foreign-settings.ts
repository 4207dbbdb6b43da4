import pg from "pg";

/** Of a database somewhere else: each changes how Postgres writes a value that it reads the same. */
const foreignSettings = {
  datestyle: "German, DMY",
  timezone: "Asia/Kolkata",
  intervalstyle: "sql_standard",
  bytea_output: "escape",
  extra_float_digits: "-15",
};

/**
 * Gives a database settings that are not the default. The tests in workerd have such a one, the platform's own tests
 * one as it is made: what reads a value in a form that depends on them fails in one of both.
 */
export async function applyForeignSettings(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    for (const [name, value] of Object.entries(foreignSettings)) {
      await client.query(`alter database ${client.escapeIdentifier(client.database ?? "")}
        set ${name} = ${client.escapeLiteral(value)}`);
      // The embedded database has one session, which is there already.
      await client.query("select set_config($1, $2, false)", [name, value]);
    }
  } finally {
    await client.end();
  }
}
