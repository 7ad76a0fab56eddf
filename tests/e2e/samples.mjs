// The JavaScript samples of the five documents, with the base URL and the key changed and nothing else; what each found
// is printed as JSON. Arguments: the server's address, the key.
const [base, key] = process.argv.slice(2);
process.env.IMGFORGE_API_KEY = key;
const clock = globalThis.setTimeout;
globalThis.setTimeout = (act, ms, ...rest) => clock(act, ms / 50, ...rest); // a sample polls every 2 s
const keyed = globalThis.fetch; // the Workers AI samples carry no key: theirs is a service without one
const found = {};

{ // img-forge
  const API_BASE = base;

  async function generateImage(prompt, tier = "standard") {
    const res = await fetch(`${API_BASE}/v2/generate`, {
      method: "POST",
      headers: {
        "Authorization": `Bearer ${process.env.IMGFORGE_API_KEY}`,
        "Content-Type": "application/json",
      },
      body: JSON.stringify({
        prompt,
        quality_tier: tier,
        sync: true,
      }),
    });
    if (!res.ok) {
      const err = await res.json();
      throw new Error(`${err.code}: ${err.error}`);
    }
    const job = await res.json();
    return `${API_BASE}${job.asset_url}`;
  }

  async function generateAsync(prompt, tier = "premium") {
    const res = await fetch(`${API_BASE}/v2/generate`, {
      method: "POST",
      headers: {
        "Authorization": `Bearer ${process.env.IMGFORGE_API_KEY}`,
        "Content-Type": "application/json",
      },
      body: JSON.stringify({ prompt, quality_tier: tier }),
    });
    const { job_id } = await res.json();
    // Poll until done
    while (true) {
      const status = await fetch(`${API_BASE}/v2/jobs/${job_id}`, {
        headers: { "Authorization": `Bearer ${process.env.IMGFORGE_API_KEY}` },
      }).then(r => r.json());
      if (status.state === "completed") return `${API_BASE}${status.asset_url}`;
      if (status.state === "failed") throw new Error(status.error);
      await new Promise(r => setTimeout(r, 2000));
    }
  }

  found.sync = await generateImage("Neon cityscape at night, cyberpunk style");
  found.async = await generateAsync("Neon cityscape at night, cyberpunk style");
  found.refused = await generateImage("Neon cityscape", "no such tier").catch((error) => error.message);
  found.picture = (await fetch(found.sync)).headers.get("content-type");
}

globalThis.fetch = (url, options = {}) =>
  keyed(url, { ...options, headers: { ...options.headers, Authorization: `Bearer ${key}` } });
const worker = base;

{ // Workers AI: one image
  const response = await fetch(`${worker}/api/generate`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json'
    },
    body: JSON.stringify({
      prompt: 'A serene mountain landscape at sunset, photorealistic',
      model: '@cf/black-forest-labs/flux-1-schnell'
    })
  });
  const image = await response.json();
  found.image = image;
}

{ // templates; as the sample has it, but that it reads the body (its `template.id` is a Response's)
  const template = await fetch(`${worker}/api/templates`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      name: 'Product Photography',
      model: '@cf/black-forest-labs/flux-1-schnell',
      default_prompt: 'Professional product photography, studio lighting, 8k'
    })
  }).then(r => r.json());
  const image = await fetch(`${worker}/api/generate`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      prompt: 'Wireless headphones on marble surface',
      template_id: template.id
    })
  }).then(r => r.json());
  found.templated = image;
}

{ // several
  async function batchGenerate(prompts) {
    const results = await Promise.allSettled(
      prompts.map(prompt =>
        fetch(`${worker}/api/generate`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({
            prompt,
            model: '@cf/black-forest-labs/flux-1-schnell'
          })
        }).then(r => r.json())
      )
    );
    return results.map((result, index) => ({
      prompt: prompts[index],
      success: result.status === 'fulfilled',
      data: result.status === 'fulfilled' ? result.value : null,
      error: result.status === 'rejected' ? result.reason : null
    }));
  }
  const prompts = [
    'Mountain landscape at sunset',
    'Ocean waves during golden hour',
    'Forest path in autumn'
  ];
  found.several = await batchGenerate(prompts);
}

{ // costs
  const lines = [];
  const models = await fetch(`${worker}/api/models`)
    .then(r => r.json());
  models.forEach(model => {
    lines.push(`${model.name}: $${model.cost_per_image} per image`);
  });
  const analytics = await fetch(`${worker}/api/analytics/costs`)
    .then(r => r.json());
  lines.push(`Total spent: $${analytics.total_cost}`);
  lines.push(`Images generated: ${analytics.total_images}`);
  lines.push(`Average cost per image: $${analytics.average_cost}`);
  found.costs = lines;
}

{ // batch with a webhook
  const batch = await fetch(`${worker}/api/batch/generate`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      prompts: ['prompt1', 'prompt2', 'prompt3'],
      model: '@cf/black-forest-labs/flux-1-schnell',
      webhook_url: 'https://your-app.com/webhooks/generation-complete'
    })
  });
  found.batch = { ok: batch.ok, ...await batch.json() };
}

globalThis.fetch = keyed;
{ // ImageAPI
  const res = await fetch(`${base}/api/v1/generate`, {
    method: "POST",
    headers: {
      "Authorization": `Bearer ${key}`,
      "Content-Type": "application/json",
    },
    body: JSON.stringify({
      prompt: "a sunset over mountains",
      width: 512,
      height: 512,
    }),
  });
  const data = await res.json();
  found.imageapi = data;
}

console.log(JSON.stringify(found));
